/* libyaml's errors in plain sentences, at the place that a person has to look at. */
#ifndef GANTRY_SRC_DOC_SYNTAX_H
#define GANTRY_SRC_DOC_SYNTAX_H

#include "node.h"

#include <yaml.h>

/* Appends the error that made yaml_parser_parse fail. */
void gt_syntax_error(const struct gt_source *source, const yaml_parser_t *parser,
                     struct gt_diags *diags);

#endif
