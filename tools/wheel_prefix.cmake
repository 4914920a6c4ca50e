# Included into every CMake project by CMAKE_PROJECT_INCLUDE when the interfaces are built against ROS
# wheels. The wheels' exported targets name include directories of the machine they were made on;
# CMake refuses targets whose include directories do not exist.
function(_drop_missing_include_directories directory)
  get_property(targets DIRECTORY "${directory}" PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(includes)
      list(FILTER includes EXCLUDE REGEX "^/opt/python/")
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${includes}")
    endif()
  endforeach()
endfunction()
cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL _drop_missing_include_directories "${CMAKE_SOURCE_DIR}")
