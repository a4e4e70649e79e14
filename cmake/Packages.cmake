# What `cpack` makes: Debian packages of the sensor, the subscriber, and the libraries. deploy/build-packages does it all.
set(deploy ${PROJECT_SOURCE_DIR}/deploy)
set(staged ${PROJECT_BINARY_DIR}/packaging)

# webtap_install_compressed(COMPONENT DESTINATION FILE [NAME])
# Manual pages and change logs are compressed in packages; without a time, so that the same file is made each time.
function(webtap_install_compressed component destination file)
  get_filename_component(name ${file} NAME)
  if(ARGC GREATER 3)
    set(name ${ARGV3})
  endif()
  set(compressed ${staged}/${component}/${name}.gz)
  add_custom_command(OUTPUT ${compressed} DEPENDS ${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${staged}/${component}
    COMMAND gzip -9nc ${file} > ${compressed})
  string(MAKE_C_IDENTIFIER "compressed_${component}_${name}" target)
  add_custom_target(${target} ALL DEPENDS ${compressed})
  install(FILES ${compressed} DESTINATION ${destination} COMPONENT ${component} EXCLUDE_FROM_ALL)
endfunction()

function(webtap_install_documents component package)
  set(folder ${CMAKE_INSTALL_DATADIR}/doc/${package})
  webtap_install_compressed(${component} ${folder} ${deploy}/debian/changelog changelog)
  install(FILES ${deploy}/debian/copyright DESTINATION ${folder} COMPONENT ${component} EXCLUDE_FROM_ALL)
endfunction()

# Files of the whole system have their own place, whatever the prefix is.
function(webtap_install_system_file component folder file name)
  install(FILES ${file} DESTINATION ${folder} RENAME ${name} COMPONENT ${component} EXCLUDE_FROM_ALL)
endfunction()

if(TARGET webtap-agent)
  webtap_install_documents(agent webtap-agent)
  foreach(page webtap-agent.1 webtap-make-certs.1)
    webtap_install_compressed(agent ${CMAKE_INSTALL_MANDIR}/man1 ${deploy}/man/${page})
  endforeach()
  webtap_install_compressed(agent ${CMAKE_INSTALL_MANDIR}/man5 ${deploy}/man/webtap-agent.yaml.5)
  webtap_install_system_file(agent /etc/webtap ${deploy}/agent.yaml agent.yaml)
  webtap_install_system_file(agent /etc/logrotate.d ${deploy}/logrotate/webtap-agent webtap-agent)
  webtap_install_system_file(agent /lib/systemd/system ${deploy}/systemd/webtap-agent.service webtap-agent.service)
  install(PROGRAMS ${PROJECT_SOURCE_DIR}/certs/make-certs RENAME webtap-make-certs
    DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT agent EXCLUDE_FROM_ALL)
  install(FILES ${deploy}/completion/webtap-agent
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT agent EXCLUDE_FROM_ALL)
  install(DIRECTORY ${deploy}/monitoring DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/webtap-agent/examples
    COMPONENT agent EXCLUDE_FROM_ALL)
endif()
if(TARGET webtap-client)
  webtap_install_documents(client webtap-client)
  webtap_install_compressed(client ${CMAKE_INSTALL_MANDIR}/man1 ${deploy}/man/webtap-client.1)
  install(FILES ${deploy}/completion/webtap-client
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT client EXCLUDE_FROM_ALL)
endif()
webtap_install_documents(lib libwebtap-dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/lib/examples/ ${PROJECT_SOURCE_DIR}/proto
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libwebtap-dev/examples COMPONENT lib EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME webtap)
set(CPACK_PACKAGE_VENDOR webtap)
set(CPACK_PACKAGE_CONTACT "The webtap developers <webtap@localhost>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)  # for what is not below /usr
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL agent client lib)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_AGENT_PACKAGE_NAME webtap-agent)
set(CPACK_DEBIAN_AGENT_PACKAGE_SECTION net)
set(CPACK_DEBIAN_AGENT_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_AGENT_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS "logrotate, openssl")
set(CPACK_DEBIAN_AGENT_PACKAGE_SUGGESTS "prometheus, webtap-client")
set(CPACK_DEBIAN_AGENT_DESCRIPTION
"webtap-agent listens to the network and writes down every HTTP transaction,
complete, in ModSecurity's audit-log format, without touching the server. It
streams the same events to subscribers over mutual TLS.")
set(CPACK_DEBIAN_AGENT_PACKAGE_CONTROL_EXTRA
  ${deploy}/debian/agent/conffiles ${deploy}/debian/agent/postinst ${deploy}/debian/agent/prerm
  ${deploy}/debian/agent/postrm)

set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME webtap-client)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SECTION net)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_CLIENT_DESCRIPTION
"webtap-client subscribes to a webtap sensor over mutual TLS, and turns its
events back into ModSecurity audit logs, JSON or ECS documents, or shows them
on a terminal. It also converts audit logs from one format to another.")

set(CPACK_DEBIAN_LIB_PACKAGE_NAME libwebtap-dev)
set(CPACK_DEBIAN_LIB_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIB_PACKAGE_DEPENDS "libssl-dev, libprotobuf-dev, libzstd-dev")
set(CPACK_DEBIAN_LIB_PACKAGE_SUGGESTS "cmake, g++")
set(CPACK_DEBIAN_LIB_DESCRIPTION
"Static libraries, headers and a CMake package: webtap::modsec reads and writes
ModSecurity audit logs of several writers, webtap::sink writes directories of
them, webtap::subscriber receives a sensor's events.")
include(CPack)
