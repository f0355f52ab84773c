#include "tools/exec/exec_main.h"

int main(int argc, char** argv) { return meshfs::exec::exec_main(argc, argv); }
