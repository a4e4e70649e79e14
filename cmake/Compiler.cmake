# Warnings, sanitizers and ccache, the same for every target.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -fno-omit-frame-pointer)
if(WEBTAP_SANITIZE)
  add_compile_options(-fsanitize=${WEBTAP_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEBTAP_SANITIZE})
endif()

find_program(WEBTAP_CCACHE ccache)
if(WEBTAP_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers carry time stamps and macros that ccache must be told to overlook.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${WEBTAP_CCACHE})
endif()
