# How llama.cpp is compiled. CMake reads this at the end of each `project()` of llama.cpp, because
# .cargo/config.toml names it in CMAKE_PROJECT_INCLUDE, which llama-cpp-sys-2 hands on. It mends two things:
#
# 1. GCC's inline assembly for `_tile_loadconfig` says that it reads 8 bytes, where the instruction reads 64. So
#    from -O1 GCC drops the other stores to that structure (ggml/src/ggml-cpu/amx/mmq.cpp, as of llama.cpp's pull
#    request 26954), and on a CPU with AMX the first evaluation ends with SIGILL. Without the removal of dead stores
#    the structure is written in full. `cargo xtask amx` looks at the object; clang is right without it.
# 2. llama.cpp's `common` library is compiled by default and called by nobody here: 58 of 131 objects.

set(LLAMA_BUILD_COMMON OFF CACHE BOOL "not called" FORCE)

# Once in each folder that calls `project()`, though a nested one inherits the flags of the outer.
foreach(language C CXX)
    if(CMAKE_${language}_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_${language}_FLAGS MATCHES "-fno-tree-dse")
        string(APPEND CMAKE_${language}_FLAGS " -fno-tree-dse -fno-dse")
    endif()
endforeach()
