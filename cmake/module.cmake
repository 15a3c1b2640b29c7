# Flags that every target shares.
add_library(wfd_flags INTERFACE)
target_include_directories(wfd_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(wfd_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough)
if(WFD_SANITIZE)
  target_compile_options(wfd_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
  target_link_options(wfd_flags INTERFACE -fsanitize=address,undefined)
endif()
if(WFD_FUZZ)
  target_compile_options(wfd_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# wfd_module(NAME SOURCES file... USES target... PRIVATE_USES target...)
# One folder is one module: the static library wfd_NAME, alias wfd::NAME.
function(wfd_module name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;USES;PRIVATE_USES")
  if(ARG_SOURCES)
    add_library(wfd_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(wfd_${name} PUBLIC wfd_flags ${ARG_USES} PRIVATE ${ARG_PRIVATE_USES})
  else()
    add_library(wfd_${name} INTERFACE)
    target_link_libraries(wfd_${name} INTERFACE wfd_flags ${ARG_USES})
  endif()
  add_library(wfd::${name} ALIAS wfd_${name})
endfunction()
