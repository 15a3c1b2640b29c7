# Debian packages: `cpack -G DEB` in a build of the preset package, armhf or arm64; scripts/release makes all of them.
set(CPACK_PACKAGE_NAME wfdcast)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "wfdcast maintainers <maintainers@wfdcast.org>")
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL wfdcast gstreamer)
if(NOT GSTREAMER_FOUND)
  set(CPACK_COMPONENTS_ALL wfdcast)
endif()
set(CPACK_COMPONENTS_GROUPING IGNORE)

set(CPACK_DEBIAN_WFDCAST_PACKAGE_NAME wfdcast)
set(CPACK_DEBIAN_WFDCAST_DESCRIPTION "Wi-Fi Display from one board to many screens
wfdd is a Wi-Fi Display (Miracast) source or sink. Sinks announce themselves;
the source invites them and sends one stream to all of them, by multicast.
wfdctl shows and steers it.")
set(CPACK_DEBIAN_WFDCAST_PACKAGE_RECOMMENDS "wfdcast-gstreamer")
set(CPACK_DEBIAN_WFDCAST_PACKAGE_SUGGESTS "wpasupplicant")
set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)
set(CPACK_DEBIAN_WFDCAST_PACKAGE_CONTROL_EXTRA
    ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)

set(CPACK_DEBIAN_GSTREAMER_PACKAGE_NAME wfdcast-gstreamer)
set(CPACK_DEBIAN_GSTREAMER_DESCRIPTION "Wi-Fi Display with GStreamer: capture and playback
The helpers of wfdd that make pictures and show them, wfd-capture and
wfd-render, and what opens devices for them in wfdd@source.service and
wfdd@sink.service.")
# Its drop-ins come into units that systemd may know already.
foreach(script postinst postrm)
  configure_file(${debian}/reload-units ${PROJECT_BINARY_DIR}/generated/debian/gstreamer/${script} COPYONLY)
  list(APPEND CPACK_DEBIAN_GSTREAMER_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/generated/debian/gstreamer/${script})
endforeach()
set(CPACK_DEBIAN_GSTREAMER_PACKAGE_RECOMMENDS
    "gstreamer1.0-libav, gstreamer1.0-plugins-ugly, gstreamer1.0-x, gstreamer1.0-alsa")

# What depends on other packages is known once the programs are linked.
set(WFD_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set(WFD_BINARY_DIR ${PROJECT_BINARY_DIR})
set(WFD_SYSROOT "${CMAKE_SYSROOT}")
configure_file(cmake/package_depends.cmake.in ${PROJECT_BINARY_DIR}/package_depends.cmake @ONLY)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_BINARY_DIR}/package_depends.cmake)

# Debian's records of a package.
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} log -1 --format=%cD OUTPUT_VARIABLE changelog_date
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT changelog_date)
  set(changelog_date "Thu, 01 Jan 1970 00:00:00 +0000")
endif()
configure_file(packaging/debian/changelog.in ${PROJECT_BINARY_DIR}/generated/debian/changelog @ONLY)
foreach(component wfdcast gstreamer)
  string(TOUPPER ${component} upper)
  set(directory ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES packaging/debian/copyright DESTINATION ${directory} COMPONENT ${component})
  wfd_install_compressed(${PROJECT_BINARY_DIR}/generated/debian/changelog changelog.Debian.gz ${directory} ${component})
  wfd_install_compressed(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog.gz ${directory} ${component})
endforeach()
include(CPack)
