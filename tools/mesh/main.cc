#include "tools/mesh/mesh.h"

int main(int argc, char** argv) { return meshfs::tools::mesh_main(argc, argv); }
