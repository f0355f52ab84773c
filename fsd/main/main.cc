#include "fsd/main/fsd_main.h"

int main(int argc, char** argv) { return meshfs::fsd::fsd_main(argc, argv); }
