/*
 * The files that a configuration came from, its own and those of its ${file.PATH}, while a server
 * runs: changes are picked up when they are valid. They are looked at twice a second, by what
 * stat(2) says and, when that has settled, by their bytes: that works for editors that rename, and
 * for the links of mounted configuration and secret volumes.
 */
#ifndef GANTRY_MCP_PROGRAM_WATCH_H
#define GANTRY_MCP_PROGRAM_WATCH_H

#include <gantry/server/service.h>
#include <gantry/ui/program.h>

struct gt_config_watch;

/* Options as the configuration, which the service now serves, was loaded with; bytes must be NULL.
 * What is in `files` becomes the watch's. NULL when the configuration cannot be read a second time
 * (a pipe). */
struct gt_config_watch *gt_config_watch_new(struct gt_program *program, struct gt_loop *loop,
                                            struct gt_service *service,
                                            const struct gt_config_options *options);
void gt_config_watch_free(struct gt_config_watch *watch); /* NULL is allowed */

#endif
