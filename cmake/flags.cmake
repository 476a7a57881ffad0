# Compiler flags of every target: one interface library, so that no layer has its own set.
add_library(gt_flags INTERFACE)
target_compile_definitions(gt_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(gt_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla
  -Wundef -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion)
if(GANTRY_WERROR)
  target_compile_options(gt_flags INTERFACE -Werror)
endif()
if(GANTRY_ASAN)
  target_compile_options(gt_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gt_flags INTERFACE -fsanitize=address,undefined)
endif()
if(GANTRY_FUZZ)
  target_compile_options(gt_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(gt_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
    -fstack-protector-strong -fstack-clash-protection -fPIE)
  target_link_options(gt_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
target_include_directories(gt_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
