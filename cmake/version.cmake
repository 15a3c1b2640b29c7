# Run at each build: writes the version header anew when the commit has changed. A tree without git has the number alone.
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --match "v*"
                OUTPUT_VARIABLE description OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
set(full_version "${VERSION}")
if(NOT failed AND NOT description STREQUAL "v${VERSION}")
  set(full_version "${VERSION} (${description})")
endif()
configure_file(${SOURCE_DIR}/daemon/version.h.in ${OUTPUT} @ONLY)
