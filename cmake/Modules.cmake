# One library a folder, files listed by hand, dependencies said where the folder is.

# webtap_module(NAME SOURCES file... [DEPENDS target...] [PRIVATE target...])
# A library of the agent or the client; its headers are included as "agent/FOLDER/HEADER.h".
function(webtap_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
endfunction()

# webtap_library(NAME SOURCES file... HEADERS file... [DEPENDS target...] [PRIVATE target...])
# A library of lib/: installed with its headers, exported as webtap::NAME.
function(webtap_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPENDS;PRIVATE" ${ARGN})
  set(target webtap_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(webtap::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
  install(TARGETS ${target} EXPORT webtap-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT lib)
  install(FILES ${ARG_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/webtap/${name} COMPONENT lib)
endfunction()

# What is tested is optimised, the test itself is not: its templates then take half the time to compile.
set(WEBTAP_TEST_OPTIONS -O0)

# webtap_test(NAME SOURCES file... [DEPENDS target...])
# A GoogleTest program whose cases ctest lists one by one.
function(webtap_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${WEBTAP_TEST_OPTIONS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM webtap_test_pch)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 900)
endfunction()
