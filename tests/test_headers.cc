// Nothing: CMake reads the headers that all tests include before it, once (CMakeLists.txt).
