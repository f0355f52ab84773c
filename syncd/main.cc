#include "syncd/os/syncd_main.h"

int main(int argc, char** argv) { return meshfs::syncd::syncd_main(argc, argv); }
