# The one place that knows compilers, warnings and where the libraries come from.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(MESHFS_CCACHE ccache)
if(MESHFS_CCACHE)
  # Headers that are read once for all tests: what ccache needs to know them again.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${MESHFS_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Above -O1 gcc 12 invents overflows inside std::string and std::vector (its bugs 105651, 105562); `dev` and clang keep the checks.
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_UNITY_BUILD)
  add_compile_options(-Wno-subobject-linkage)  # gcc takes files compiled as one for headers of that one
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()

# The router's program: every byte counts and nothing may be missing on the target. Libraries come as .a where there is one
# (all but libc); each function is a section that the linker drops if nobody calls it, across all of them by LTO.
if(MESHFS_ROUTER)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a .so)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  add_compile_definitions(MESHFS_SMALL)
  # Nothing asks for the type of an object at run time; each lambda that is kept would bring its name of a hundred bytes.
  add_compile_options(-ffunction-sections -fdata-sections -fvisibility=hidden -fno-rtti)
  add_compile_options(-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)  # the same bytes wherever it is built
  # Nothing but Cap'n Proto throws, and codec catches at once what it throws. Elsewhere nobody needs the paths on which values are
  # taken down while an exception passes, nor the tables that lead there: memory that there is none of ends the program either way.
  set(MESHFS_NO_EXCEPTIONS -fno-exceptions -fno-asynchronous-unwind-tables -fno-unwind-tables)
  set(MESHFS_CATCHES codec transport_tcp type_compiler)  # whose files have a `catch`
  # LTO sorts functions into partitions, and one that catches gives all of its partition those tables: many small partitions save
  # 29 kB of them, 9 kB after xz.
  add_link_options("SHELL:--param lto-partitions=2000" "SHELL:--param lto-min-partition=1000")
  add_link_options(-static-libstdc++ -static-libgcc -Wl,--gc-sections -Wl,--as-needed -Wl,-O1 -Wl,-z,noseparate-code
                   -Wl,-T,${CMAKE_SOURCE_DIR}/cmake/unwind_tables.ld)
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(MESHFS_CAPNP capnp REQUIRED)
pkg_check_modules(CAPNP REQUIRED IMPORTED_TARGET capnp)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(FUSE3 REQUIRED IMPORTED_TARGET fuse3)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
# meshfs_leave_out(PkgConfig::X libx.a MEMBER... [INSTEAD SYMBOL=OTHER...]): the router's program does without parts of a library
# that tables of the library name and nothing ever calls. Whoever did would abort, or gets the other symbol.
function(meshfs_leave_out target archive)
  cmake_parse_arguments(PARSE_ARGV 2 left "" "" INSTEAD)
  get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
  set(whole ${libraries})
  list(FILTER whole INCLUDE REGEX "/${archive}$")
  if(NOT whole)
    return()  # linked as a shared library
  endif()
  set(copy ${CMAKE_BINARY_DIR}/${archive})
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/cmake/leave-out ${whole} ${copy} ${left_UNPARSED_ARGUMENTS}
                  OUTPUT_VARIABLE symbols OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "${whole}" "${copy}" libraries "${libraries}")
  set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES "${libraries}")
  foreach(pair IN LISTS left_INSTEAD)
    string(REGEX REPLACE "=.*" "" symbol "${pair}")
    string(REGEX REPLACE "(^|\n)${symbol}(\n|$)" "\\1" symbols "${symbols}")
    add_link_options(-Wl,--defsym=${pair})
  endforeach()
  string(REGEX REPLACE "([^\n]+)\n?" "-Wl,--defsym=\\1=abort;" options "${symbols}")
  add_link_options(${options})
endfunction()
if(MESHFS_ROUTER)
  # Formats of before 2016 (zstd_frame.h refuses them) and searches that no level in use takes; character devices in
  # user space, which bring libfuse's interface by paths with them.
  meshfs_leave_out(PkgConfig::ZSTD libzstd.a zstd_v05.o zstd_v06.o zstd_v07.o zstd_opt.o)
  # Password hashing, which sodium_init() prepares and nobody here does; second ways to multiply on Curve25519, which
  # handshakes do rarely, and to Salsa20, which nobody does; BLAKE2b for processors with SSE4.1 or SSSE3 but not AVX2;
  # ChaCha20 and Poly1305 for any processor in particular: the portable ones take their places.
  meshfs_leave_out(PkgConfig::SODIUM libsodium.a libsodium_la-argon2-fill-block-ref.o libssse3_la-argon2-fill-block-ssse3.o
                   libavx2_la-argon2-fill-block-avx2.o libavx512f_la-argon2-fill-block-avx512f.o
                   libsodium_la-sandy2x.o libsodium_la-curve25519_sandy2x.o libsodium_la-fe_frombytes_sandy2x.o
                   libavx2_la-salsa20_xmm6int-avx2.o libssse3_la-blake2b-compress-ssse3.o libsse41_la-blake2b-compress-sse41.o
                   libssse3_la-chacha20_dolbeau-ssse3.o libavx2_la-chacha20_dolbeau-avx2.o libsse2_la-poly1305_sse2.o
                   INSTEAD blake2b_compress_ssse3=blake2b_compress_ref blake2b_compress_sse41=blake2b_compress_ref
                           crypto_stream_chacha20_dolbeau_ssse3_implementation=crypto_stream_chacha20_ref_implementation
                           crypto_stream_chacha20_dolbeau_avx2_implementation=crypto_stream_chacha20_ref_implementation
                           crypto_onetimeauth_poly1305_sse2_implementation=crypto_onetimeauth_poly1305_donna_implementation
                           crypto_scalarmult_curve25519_sandy2x_implementation=crypto_scalarmult_curve25519_ref10_implementation
                           crypto_stream_salsa20_xmm6int_avx2_implementation=crypto_stream_salsa20_xmm6_implementation)
  meshfs_leave_out(PkgConfig::FUSE3 libfuse3.a cuse_lowlevel.c.o)
endif()
# Debian's librsync has no .pc file. Its .a in every preset: the shared one brings libb2, and one way to hash is enough to test.
find_library(MESHFS_LIBRSYNC_ARCHIVE librsync.a REQUIRED)
find_path(MESHFS_LIBRSYNC_HEADERS librsync.h REQUIRED)
add_library(meshfs_librsync INTERFACE)
target_link_libraries(meshfs_librsync INTERFACE ${MESHFS_LIBRSYNC_ARCHIVE})
target_include_directories(meshfs_librsync SYSTEM INTERFACE ${MESHFS_LIBRSYNC_HEADERS})

# meshfs_library(name SOURCES a.cc b.cc HEADERS a.h DEPS meshfs::x PkgConfig::Y)
# A static library meshfs_<name> with alias meshfs::<name>. Every .cc and .h of its folder stands on a list.
function(meshfs_library name)
  cmake_parse_arguments(A "" "" "SOURCES;HEADERS;DEPS" ${ARGN})
  if(A_SOURCES)
    add_library(meshfs_${name} STATIC ${A_SOURCES})
    target_include_directories(meshfs_${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
    target_link_libraries(meshfs_${name} PUBLIC ${A_DEPS})
  else()
    add_library(meshfs_${name} INTERFACE)
    target_include_directories(meshfs_${name} INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
    target_link_libraries(meshfs_${name} INTERFACE ${A_DEPS})
  endif()
  add_library(meshfs::${name} ALIAS meshfs_${name})
  if(A_SOURCES AND NOT name IN_LIST MESHFS_CATCHES)
    target_compile_options(meshfs_${name} PRIVATE ${MESHFS_NO_EXCEPTIONS})
  endif()
  meshfs_listed(${A_SOURCES} ${A_HEADERS})
endfunction()

# meshfs_capnp(target a.capnp ...): compiles schemas of the current folder into the target, as system headers:
# foreign code has its own warnings.
function(meshfs_capnp target)
  foreach(schema ${ARGN})
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/${schema})
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE relative)
    set(out ${CMAKE_BINARY_DIR}/generated/${relative})
    add_custom_command(
      OUTPUT ${out}.c++ ${out}.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
      COMMAND ${MESHFS_CAPNP} compile -I${CMAKE_SOURCE_DIR} --src-prefix=${CMAKE_SOURCE_DIR}
              -oc++:${CMAKE_BINARY_DIR}/generated ${source}
      DEPENDS ${source} VERBATIM)
    set_source_files_properties(${out}.c++ PROPERTIES COMPILE_OPTIONS "-w")
    target_sources(${target} PRIVATE ${out}.c++)
  endforeach()
  target_include_directories(${target} SYSTEM PRIVATE ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} PUBLIC PkgConfig::CAPNP)
endfunction()

# meshfs_program(name SOURCES ... DEPS ...): an executable in build/bin.
function(meshfs_program name)
  cmake_parse_arguments(A "" "" "SOURCES;HEADERS;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${A_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  meshfs_listed(${A_SOURCES} ${A_HEADERS})
endfunction()

# Remembers that these files of the current folder are built.
function(meshfs_listed)
  foreach(file ${ARGN})
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE path)
    set_property(GLOBAL APPEND PROPERTY MESHFS_LISTED ${path})
  endforeach()
endfunction()

function(meshfs_check_listed)
  get_property(listed GLOBAL PROPERTY MESHFS_LISTED)
  set(folders schema transport fsd syncd tools examples)
  if(MESHFS_TESTS)
    list(APPEND folders tests)
  endif()
  foreach(folder ${folders})
    file(GLOB_RECURSE found ${CMAKE_SOURCE_DIR}/${folder}/*.cc ${CMAKE_SOURCE_DIR}/${folder}/*.h)
    foreach(path ${found})
      if(NOT path IN_LIST listed)
        cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE relative)
        message(SEND_ERROR "${relative} is on no source list: add it to the CMakeLists.txt of its folder")
      endif()
    endforeach()
  endforeach()
endfunction()
