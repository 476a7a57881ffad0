# gt_layer(NAME SOURCES file... DEPENDS layer... LIBRARIES imported-target...)
#
# A layer is a static library that sees exactly the layers named in DEPENDS. Whether its sources
# include only from those is checked by tests/check_layers.sh, which reads these calls.
function(gt_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  list(TRANSFORM ARG_DEPENDS PREPEND gt_)
  if(ARG_SOURCES)
    add_library(gt_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(gt_${name} PUBLIC ${ARG_DEPENDS} ${ARG_LIBRARIES} PRIVATE gt_flags)
    target_include_directories(gt_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  else()
    add_library(gt_${name} INTERFACE)
    target_link_libraries(gt_${name} INTERFACE ${ARG_DEPENDS} ${ARG_LIBRARIES})
    target_include_directories(gt_${name} INTERFACE ${PROJECT_SOURCE_DIR}/include)
  endif()
endfunction()
