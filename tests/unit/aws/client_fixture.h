/* What the client's tests share: a client over a scripted transport, with a clock of its own. */
#ifndef GANTRY_TESTS_AWS_CLIENT_FIXTURE_H
#define GANTRY_TESTS_AWS_CLIENT_FIXTURE_H

#include "fixed_sys.h"
#include "gt_test.h"
#include "scripted_transport.h"

#include <gantry/aws/aws.h>
#include <gantry/model/operations.h>

#define CREATE_GATEWAY &gt_op_bedrock_agentcore_control_CreateGateway
#define GET_GATEWAY &gt_op_bedrock_agentcore_control_GetGateway
#define GATEWAY_ANSWER "{\"gatewayId\":\"g-1\",\"name\":\"tools\"}"

enum { NOW_S = 1768653296 }; /* 2026-01-17T12:34:56Z */

struct client_fixture {
    struct gt_arena *arena;
    struct gt_diags diags;
    struct gt_fixed_sys fixed;
    struct gt_loop *loop;
    struct gt_scripted *scripted;
    struct gt_keys keys;
    struct gt_credentials *credentials;
    struct gt_aws *aws;
};

extern struct client_fixture client;

void client_setup(void);
void client_teardown(void);

/* Makes the client; `connect_local` with an endpoint of its own, which has no rate. */
void connect_with(struct gt_aws_options options);
void connect_local(void);

/* A completed call; strings are kept in the fixture's arena. */
struct result {
    int calls;
    struct gt_aws_answer answer;
    int64_t at_ms;
};

void take(void *payload, const struct gt_aws_answer *answer);

/* Steals `input`. */
void submit(const struct gt_operation *operation, json_t *input, bool repeatable,
            struct result *result);

json_t *gateway_id(void);

/* CreateGateway, which is not repeatable, or GetGateway, which is. */
struct result run(bool repeatable);

extern const struct gt_scripted_answer ok, throttled, lost, unreachable, broken;

#endif
