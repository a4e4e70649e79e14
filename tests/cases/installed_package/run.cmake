# cmake -D BUILD_DIR=… -D EXAMPLE_DIR=… -D SCRATCH_DIR=… [-D SANITIZE=…] [-D COMPILER=…] [-D GENERATOR=…] -P run.cmake
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\nfailed (${status}):\n${text}")
  endif()
endfunction()

set(flags "-Wall -Wextra -Werror")
if(SANITIZE)
  string(APPEND flags " -fsanitize=${SANITIZE}")
endif()
file(REMOVE_RECURSE ${SCRATCH_DIR})
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${SCRATCH_DIR}/prefix --component lib)
run(${CMAKE_COMMAND} -S ${EXAMPLE_DIR} -B ${SCRATCH_DIR}/build -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER}
    "-DCMAKE_CXX_FLAGS=${flags}" -D CMAKE_PREFIX_PATH=${SCRATCH_DIR}/prefix)
run(${CMAKE_COMMAND} --build ${SCRATCH_DIR}/build)

execute_process(COMMAND ${SCRATCH_DIR}/build/list_transactions INPUT_FILE ${CMAKE_CURRENT_LIST_DIR}/audit.log
  OUTPUT_VARIABLE printed ERROR_VARIABLE complaints RESULT_VARIABLE status)
file(READ ${CMAKE_CURRENT_LIST_DIR}/expected.txt expected)
if(NOT status EQUAL 0 OR NOT printed STREQUAL expected)
  message(FATAL_ERROR "the example (exit status ${status}) printed\n${printed}${complaints}instead of\n${expected}")
endif()
if(NOT complaints MATCHES "^truncated entry at byte [0-9]+\n$")
  message(FATAL_ERROR "the example did not say which entry was cut off:\n${complaints}")
endif()
