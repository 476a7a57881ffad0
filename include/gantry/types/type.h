/*
 * Resource types: tables and pure functions, no I/O. A type says which operations create, read,
 * change and remove it, how its answers are read, what compares how, and what the service does that
 * one must know. The engine reads these columns and never a type's name.
 *
 * Documents of a resource:
 *   properties  what the manifest wants, by the API's own (create input) member names
 *   identity    the members that name one object to the service, e.g. {"gatewayId": "..."}
 *   live        what a read gave, turned into the spelling of properties (hook `normalize`), plus
 *               the members that only the service sets
 */
#ifndef GANTRY_TYPES_TYPE_H
#define GANTRY_TYPES_TYPE_H

#include <gantry/base/diag.h>
#include <gantry/model/model.h>

/* Where a member of an operation's input comes from. */
enum gt_from {
    GT_FROM_IDENTITY, /* a member of the identity */
    GT_FROM_PROPERTY, /* a pointer into the wanted properties */
    GT_FROM_LIVE,     /* a pointer into the last read */
    GT_FROM_TEXT,     /* a literal string */
    GT_FROM_JSON      /* a literal, as JSON text */
};

struct gt_bind {
    const char *member; /* pointer below the input: "gatewayIdentifier", "a/b"; NULL ends the list */
    enum gt_from from;
    const char *name;
};

/* How a type uses an operation: the input is its binds, and for calls that take the properties also
 * every property that the operation's input has a member for. */
struct gt_use {
    const struct gt_operation *operation; /* NULL: the type has no such call */
    const struct gt_bind *in;             /* ends with a NULL member; may be NULL */
    const char *out;                      /* pointer of the object in the output; NULL: the whole */
};

/* One member of the identity. */
struct gt_identity {
    const char *name;     /* NULL ends the list */
    const char *property; /* pointer into the properties that is the value, or NULL: the service makes it */
    const char *created;  /* pointer into the create call's output, when property is NULL */
    const char *listed;   /* pointer into an item of the list, when property is NULL */
};

/* What an attribute is. Attributes without a row: compared member by member where they are objects,
 * in order where they are lists, as equal scalars else. */
enum {
    GT_ATTR_SET = 1 << 0,          /* a list whose order means nothing */
    GT_ATTR_IMMUTABLE = 1 << 1,    /* another value needs a new object */
    GT_ATTR_SECRET = 1 << 2,       /* never printed, never kept: only its name */
    GT_ATTR_WRITE_ONLY = 1 << 3,   /* no read gives it back: compared with what was last applied */
    GT_ATTR_POLICY = 1 << 4,       /* an IAM policy document, compared as one */
    GT_ATTR_JSON = 1 << 5,         /* a string that holds JSON, compared as JSON */
    GT_ATTR_CASELESS = 1 << 6,     /* a string whose case means nothing */
    GT_ATTR_VOLATILE = 1 << 7,     /* an output that an update of the object changes */
    GT_ATTR_KIND = 1 << 8,         /* a union: another member set needs a new object */
    GT_ATTR_EMPTY_KEPT = 1 << 9,   /* empty and absent differ here */
    GT_ATTR_NOT_SECRET = 1 << 10,  /* a reviewed exception: the model says sensitive, it is none */
    GT_ATTR_GROWS = 1 << 11        /* entries may be added, not changed or removed, without a new object */
};

struct gt_attr {
    const char *path;   /* "authorizerConfiguration/customJWTAuthorizer/allowedClients", "x/*"; NULL ends */
    unsigned flags;
    const char *key;    /* for sets of objects: the member that tells them apart, or NULL */
    const char *words;  /* what a replacement because of it means for people, or NULL */
};

/* A call that changes some of the properties of an object that exists. */
enum gt_step_when {
    GT_STEP_CHANGED, /* one of its properties differs */
    GT_STEP_SET,     /* one differs and is wanted */
    GT_STEP_REMOVED  /* one is no longer wanted */
};

struct gt_step {
    struct gt_use use;
    /* The top-level properties it writes, ends with NULL; NULL: all that its input has a member for. */
    const char *const *properties;
    enum gt_step_when when;
    /* Most updates reset what they are not given: the input starts from the live object (members that
     * the input has, less those that the manifest no longer names) and the wanted properties go over it. */
    bool merge_live;
    bool on_create; /* create does not take these properties: run it after the create too */
    const char *const *live_excluded; /* members of live that must not be sent back, ends with NULL */
};

/* Tags as a type knows them; the engine reads and writes them by these calls. */
enum gt_tag_form { GT_TAGS_MAP, GT_TAGS_LIST /* [{Key, Value}] */ };
struct gt_tagging {
    const char *property;      /* "tags", "Tags", "UserPoolTags"; NULL: the type carries no tags */
    enum gt_tag_form form;
    bool in_read;              /* the read gives them */
    struct gt_use list;        /* else this call does; .out points to the tags */
    struct gt_use tag, untag;
    const char *tag_member;    /* of tag's input: the tags; in `form` */
    const char *untag_member;  /* of untag's input: the list of keys */
};

struct gt_status {
    const char *path;   /* "/status"; NULL: settled as soon as the call is answered */
    const char *reason; /* "/statusReasons" or "/failureReason" */
    const char *const *settled, *const *failed, *const *person, *const *deleting; /* end with NULL; others are pending */
    int sightings;      /* how often in a row the settled value must be seen; 0: once */
};

/* What else must hold before an object counts as settled, read by a call of its own. */
struct gt_also_settled {
    struct gt_use read;
    struct gt_status status;
    const char *equal[2];  /* two pointers of the output that must be equal, or NULL */
    const char *live_equal[2]; /* [0] of this output equals [1] of the object's own read, or NULL */
};

/* An error text that passes by itself: IAM's propagation and the like. */
struct gt_transient {
    const struct gt_operation *operation; /* NULL: every call of the type */
    const char *code, *text;              /* text: a part of the message; NULL: any */
    int64_t limit_ms;                     /* from the first sighting */
    bool pacing;                          /* the object is busy: wait, then the same call again */
};

/* A failed status that passes when the object is driven again. */
struct gt_redrive {
    const char *text;    /* a part of the reason; NULL ends the list */
    int64_t limit_ms;
};

/* How an object is found without its identity. */
struct gt_lookup {
    struct gt_use list;        /* all pages; operation NULL: by the read, when the identity is known */
    const char *items;         /* pointer of the list in the output */
    /* pairs: pointer in the item, pointer in the properties; both must be equal for all pairs */
    const char *match[3][2];
    bool ambiguous;            /* several objects may match: each is read, and its tags decide */
};

/* Errors that mean: there is no such object. `confirm`: believed only after the list agrees. */
struct gt_absence {
    const char *code, *text;  /* code NULL ends the list */
    bool confirm;
};

struct gt_probe {
    struct gt_use use;      /* a call on the data plane that wakes the object */
    const char *payload;    /* the body */
    int64_t limit_ms;
    const char *const *retry_codes; /* ends with NULL: not awake yet; any other answer ends the probe */
};

struct gt_type {
    const char *name;    /* "gateway" */
    const char *summary; /* one line for the reference */
    const struct gt_service *service;

    struct gt_use create, read, remove;
    bool create_is_upsert;              /* the create call also changes: it is the update, too */
    const struct gt_step *steps;        /* ends with a NULL operation; may be NULL */
    const struct gt_identity *identity; /* ends with a NULL name */
    struct gt_lookup lookup;
    const char *const *exists_codes;    /* create's errors that mean: the name is taken; ends with NULL */
    const char *exists_text;            /* a part of the message such an error must have, or NULL */
    const struct gt_absence *absent;    /* ends with a NULL code */
    const char *absent_without;         /* pointer: a read without it means absent */

    struct gt_status status;
    const struct gt_also_settled *also_settled; /* ends with a NULL operation; may be NULL */
    const struct gt_transient *transients; /* ends with NULL code */
    const struct gt_redrive *redrives;     /* ends with NULL text */
    struct gt_use redrive;                 /* operation NULL: the update steps, forced */
    struct gt_probe probe;                 /* operation NULL: none */

    const struct gt_attr *attributes;   /* ends with a NULL path */
    const char *const *outputs;         /* members of live that references and state need; ends with NULL */
    const char *arn;                    /* the member of live (or identity) that is the ARN, or NULL */
    const char *arn_prefix;             /* resource part of the ARN before the id: "gateway/", or NULL */
    struct gt_tagging tags;
    const char *parent;                 /* the property that refers to the owner of a type without tags */
    const char *owner;                  /* pointer in live that must equal that property's value, or NULL */
    const char *completes;              /* the property that refers to an object which this one completes
                                           (a role's policy): whoever refers to that depends on this */
    bool breaks_callers;                /* replacing or deleting it breaks every caller */
    const char *breaks_words;           /* "the gateway gets a new URL" */
    const char *protection;             /* a property that makes the service refuse deletion, or NULL */
    const char *protection_on, *protection_off; /* its values as JSON text */
    bool create_before_delete;          /* a replacement is made before the old one goes */
    bool kept_by_service;               /* the service keeps data after deletion: said by destroy */
    const char *kept_words;
    /* lists of things others may have added to this object; shown as foreign */
    const struct gt_foreign *foreign;   /* ends with a NULL operation; may be NULL */

    /* Hooks: pure, may be NULL. */
    /* Turns what a read gave into the spelling of the properties; new reference. */
    json_t *(*normalize)(const json_t *read);
    /* Last word on an input before it is sent; changes `input` in place. */
    void (*prepare)(const struct gt_operation *operation, json_t *input, const json_t *properties,
                    const json_t *live);
    /* Checks that the model cannot express. */
    void (*check)(const json_t *properties, const char *address, struct gt_diags *diags);
};

struct gt_foreign {
    struct gt_use list;      /* operation NULL ends the table */
    const char *items;       /* pointer to the list in the output */
    const char *name;        /* pointer in an item, "" when the item is the name */
    const char *type, *property; /* the type and its property by which our own are told */
    const char *words;       /* "inline policy" */
};

/* All types, ends with NULL. */
extern const struct gt_type *const gt_types[];

/* By name, or NULL. */
const struct gt_type *gt_type_find(const char *name);

/* The attribute row for a pointer ("/a/b/0"), or NULL; list indexes match "*". */
const struct gt_attr *gt_type_attr(const struct gt_type *type, const char *pointer);

/* Whether the value at a pointer is secret: the table's word, else the model's sensitive trait. */
bool gt_type_secret(const struct gt_type *type, const char *pointer);

/* The shape of a property: of the create input, else of the steps' inputs; NULL when there is none. */
const struct gt_shape *gt_type_property_shape(const struct gt_type *type, const char *pointer);

/* Names of all top-level properties (ends with NULL), for suggestions and the reference. */
const char *const *gt_type_properties(const struct gt_type *type, struct gt_arena *arena);

/* Validates properties against the shapes of the create input and the steps' inputs. */
struct gt_validation;
bool gt_type_validate(const struct gt_type *type, const json_t *properties,
                      const struct gt_validation *how, struct gt_diags *diags);

/* A copy of the properties typed by their shapes; new reference. */
struct gt_marks;
json_t *gt_type_coerce(const struct gt_type *type, const json_t *properties,
                       const struct gt_marks *marks);

/* A copy in which every secret is replaced by the string "(secret)"; new reference. */
json_t *gt_type_redact(const struct gt_type *type, const json_t *properties);

/* The identity that the properties alone give (all members have `property`), or NULL; new reference. */
json_t *gt_type_identity_of(const struct gt_type *type, const json_t *properties);

/* The identity in a create's output or in a list item, together with the properties; NULL when a
 * member is missing. New reference. */
json_t *gt_type_identity_created(const struct gt_type *type, const json_t *properties,
                                 const json_t *output);
json_t *gt_type_identity_listed(const struct gt_type *type, const json_t *properties,
                                const json_t *item);

/* Builds the input of a call. `with_properties` adds every property that the input has a member for.
 * New reference. */
struct gt_input_sources {
    const json_t *identity, *properties, *live;
};
json_t *gt_type_input(const struct gt_type *type, const struct gt_use *use,
                      const struct gt_input_sources *from, bool with_properties);

/* The input of an update step: see struct gt_step. `dropped`: top-level properties that were applied
 * last time and are no longer wanted (array of strings). New reference. */
json_t *gt_type_step_input(const struct gt_type *type, const struct gt_step *step,
                           const struct gt_input_sources *from, const json_t *dropped);

/* Reads the object out of a read's output: use.out, then normalize; NULL when absent_without says that
 * there is none. New reference. */
json_t *gt_type_live(const struct gt_type *type, const json_t *output);

/* Tags as a map, from either form; new reference. And back into the type's form. */
json_t *gt_type_tags_map(const struct gt_type *type, const json_t *tags);
json_t *gt_type_tags_form(const struct gt_type *type, const json_t *map);

/* The identity that a person gave to `import` or `existing`: an id, a name or an ARN, together with the
 * properties; several members separated by '/'. NULL with a diagnostic when it does not fit. */
json_t *gt_type_identity_parse(const struct gt_type *type, const char *text,
                               const json_t *properties, struct gt_diags *diags);

#endif
