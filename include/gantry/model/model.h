/*
 * The official service models as constant tables: operations, shapes, errors. The tables are
 * generated from botocore's models (see src/model/generate/README.md); nobody types a field name
 * twice. Source of the vocabulary: Smithy 2.0 and botocore's service-2.json.
 */
#ifndef GANTRY_MODEL_MODEL_H
#define GANTRY_MODEL_MODEL_H

#include <gantry/base/arena.h>
#include <stdbool.h>
#include <stdint.h>

enum gt_shape_kind {
    GT_SHAPE_STRUCTURE, GT_SHAPE_LIST, GT_SHAPE_MAP, GT_SHAPE_STRING, GT_SHAPE_INTEGER,
    GT_SHAPE_LONG, GT_SHAPE_FLOAT, GT_SHAPE_DOUBLE, GT_SHAPE_BOOLEAN, GT_SHAPE_TIMESTAMP,
    GT_SHAPE_BLOB, GT_SHAPE_DOCUMENT
};

enum gt_timestamp_format {
    GT_TIME_DEFAULT, /* the protocol's own */
    GT_TIME_ISO8601, GT_TIME_UNIX, GT_TIME_HTTP
};

enum gt_location {
    GT_LOCATION_BODY, GT_LOCATION_URI, GT_LOCATION_QUERY, GT_LOCATION_HEADER,
    GT_LOCATION_HEADERS /* a map spread over headers with a prefix */, GT_LOCATION_STATUS
};

enum { /* flags of a shape */
    GT_SHAPE_SENSITIVE = 1, GT_SHAPE_UNION = 2, GT_SHAPE_FLATTENED = 4, GT_SHAPE_ERROR = 8,
    GT_SHAPE_FAULT = 16, GT_SHAPE_RETRYABLE = 32, GT_SHAPE_THROTTLING = 64,
    GT_SHAPE_STREAMING = 128, GT_SHAPE_EVENT_STREAM = 256,
    GT_SHAPE_SPARSE = 512 /* a list or map that may hold null */
};

enum { /* flags of a member */
    GT_MEMBER_REQUIRED = 1, GT_MEMBER_IDEMPOTENCY_TOKEN = 2, GT_MEMBER_FLATTENED = 4,
    GT_MEMBER_STREAMING = 8
};

struct gt_shape;

struct gt_member {
    const char *name;          /* as documents spell it */
    const char *location_name; /* as the wire spells it; NULL: as name */
    const struct gt_shape *shape;
    enum gt_location location;
    enum gt_timestamp_format timestamp_format;
    unsigned flags;
};

struct gt_shape {
    const char *name;
    enum gt_shape_kind kind;
    unsigned flags;
    const struct gt_member *members; /* structures, sorted by name */
    size_t member_count;
    const struct gt_shape *element;  /* lists: the element; maps: the value */
    const struct gt_shape *key;      /* maps */
    const char *element_name;        /* lists, maps: locationName of the element, or NULL */
    const char *key_name;            /* maps: locationName of the key, or NULL */
    const char *pattern;             /* Java style, a full match; or NULL */
    const char *const *values;       /* enum, ends with NULL; or NULL */
    int64_t min, max;                /* INT64_MIN and INT64_MAX where there is none */
    enum gt_timestamp_format timestamp_format;
    const char *error_code;          /* errors: the code on the wire; NULL: the shape's name */
    int http_status;                 /* errors: 0 where the model has none */
};

struct gt_paginator {
    const char *input_token, *output_token; /* members of input and output */
    const char *more;                        /* boolean member of the output, or NULL */
    const char *limit;                       /* input member for the page size, or NULL */
    const char *items;                       /* output member that holds the list */
};

struct gt_service;

struct gt_operation {
    const char *name; /* "CreateGateway" */
    const struct gt_service *service;
    const char *method, *uri; /* "/gateways/{gatewayIdentifier}/" */
    const struct gt_shape *input, *output; /* NULL where there is none */
    const char *input_payload, *output_payload; /* the member that is the whole body, or NULL */
    const char *result_wrapper; /* query protocol */
    const struct gt_shape *const *errors; /* ends with NULL */
    const struct gt_paginator *paginator; /* or NULL */
    bool unsigned_request; /* authtype none */
    int response_code;     /* HTTP status of success */
};

enum gt_protocol {
    GT_PROTOCOL_REST_JSON, GT_PROTOCOL_AWS_JSON, GT_PROTOCOL_QUERY, GT_PROTOCOL_REST_XML
};

struct gt_service {
    const char *name;        /* "bedrock-agentcore-control", the folder's name in botocore */
    const char *id;          /* service id: "Bedrock AgentCore Control" */
    const char *endpoint_env; /* "BEDROCK_AGENTCORE_CONTROL", of AWS_ENDPOINT_URL_<SERVICE> */
    enum gt_protocol protocol;
    const char *json_version, *target_prefix, *api_version, *xml_namespace;
    bool query_compatible; /* AWS JSON with the error codes of the query protocol, if asked */
    const char *signing_name, *endpoint_prefix;
    const struct gt_operation *const *operations; /* sorted by name, ends with NULL */
};

/* All services of the tables, ends with NULL. */
extern const struct gt_service *const gt_services[];

/* By name ("cognito-idp"), or NULL. */
const struct gt_service *gt_service_find(const char *name);

/* By name ("CreateGateway"), or NULL. */
const struct gt_operation *gt_operation_find(const struct gt_service *service, const char *name);

/* The member of a structure by its name, or NULL; NULL shape gives NULL. */
const struct gt_member *gt_member_find(const struct gt_shape *shape, const char *name);

/* The shape at a JSON pointer below `shape` (list indexes and "*" step into elements), or NULL. */
const struct gt_shape *gt_shape_at(const struct gt_shape *shape, const char *pointer);

/* The member of the input that carries the idempotency token, or NULL. */
const struct gt_member *gt_operation_token(const struct gt_operation *operation);

/* The error shape of an operation by its code on the wire, or NULL. */
const struct gt_shape *gt_operation_error(const struct gt_operation *operation, const char *code);

#endif
