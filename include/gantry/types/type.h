/*
 * Resource types: tables and pure functions, no I/O. A type says which operations create, read,
 * change and remove it, how its answers are read, what compares how, and what the service does that
 * one must know. The engine reads these columns and never a type's name.
 *
 * Documents of a resource:
 *   properties  what the manifest wants, by the API's own (create input) member names
 *   identity    the members that name one object to the service, e.g. {"gatewayId": "..."}
 *   live        what a read gave, turned into the spelling of properties (hook `normalize`), plus
 *               the members that only the service sets, plus the identity's properties that no read
 *               gives back
 *
 * Pointers in the columns start with '/', except in gt_bind.member and gt_attr.path.
 *
 * What the engine does with a type, in short. Read (pages of it, with read_items); absent: create,
 * then the steps of gt_type_step_after_create, in the order of the table; there: the steps of
 * gt_type_step_wanted, in the order of the table, then the tags. After each of them the status
 * settles, then also_settled, then the probe. A call's error is looked up in `exists` (create: look
 * the object up; found and ours: go on as if made; not found: the next rows apply), `absent` and
 * `transients`. Remove: the call, then reads until the object is absent, whatever its status still
 * says, save a status of `undeletable`.
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
    const char *member; /* pointer below the input, "gatewayIdentifier", "a/b"; NULL ends */
    enum gt_from from;
    const char *name; /* identity: a member; property, live: a pointer; else the text itself */
};

/* How a type uses an operation: the input is its binds, and for calls that take the properties also
 * every property that the operation's input has a member for. */
struct gt_use {
    const struct gt_operation *operation; /* NULL: the type has no such call */
    const struct gt_bind *in;             /* ends with a NULL member; may be NULL */
    const char *out;                      /* pointer of the object in the output; NULL: the whole */
};

/* Errors of a service that mean something to a type. The first row that fits is taken. */
struct gt_absence {
    const char *code, *text; /* code NULL ends the list; text: a part of the message, case ignored,
                                or NULL: any message */
    bool confirm; /* absence: believed only when the list of the look-up lacks the identity */
};

/* One member of the identity. */
struct gt_identity {
    const char *name; /* NULL ends the list */
    /* Pointer into the properties that is the value, or NULL: the service makes it. */
    const char *property;
    /* Pointer into the object of the create's output (below create.out), when property is NULL. */
    const char *created;
    const char *listed; /* pointer into an item of the look-up's list; goes before property */
};

/* What an attribute is. Attributes without a row: compared member by member where they are objects,
 * in order where they are lists, as equal scalars else. */
enum {
    GT_ATTR_SET = 1 << 0,         /* a list whose order means nothing */
    GT_ATTR_IMMUTABLE = 1 << 1,   /* another value needs a new object */
    GT_ATTR_SECRET = 1 << 2,      /* never printed, never kept: only its name */
    GT_ATTR_WRITE_ONLY = 1 << 3,  /* no read gives it back: compared with what was last applied */
    GT_ATTR_POLICY = 1 << 4,      /* an IAM policy document, compared as one */
    GT_ATTR_JSON = 1 << 5,        /* a string that holds JSON, compared as JSON */
    GT_ATTR_CASELESS = 1 << 6,    /* a string whose case means nothing */
    GT_ATTR_VOLATILE = 1 << 7,    /* an output that an update of the object changes */
    GT_ATTR_KIND = 1 << 8,        /* a union: another member set needs a new object */
    GT_ATTR_EMPTY_KEPT = 1 << 9,  /* empty and absent differ here */
    GT_ATTR_NOT_SECRET = 1 << 10, /* a reviewed exception: the model says sensitive, it is none */
    GT_ATTR_GROWS = 1 << 11 /* a list: live may hold more entries than are wanted; entries may be
                               added, not changed or removed, without a new object */
};

struct gt_attr {
    const char *path; /* "authorizerConfiguration/customJWTAuthorizer/allowedClients"; see
                         gt_type_attr; NULL ends */
    unsigned flags;
    const char *key;   /* for sets of objects: the member that tells them apart, or NULL */
    const char *words; /* what a replacement because of it means for people, or NULL */
    /* Entries of a list that the service adds by itself (ends with NULL), or NULL: in live they are
     * no difference, and updates send them back. */
    const char *const *kept;
};

/* A call that changes some of the properties of an object that exists. Tags are never the reason
 * for a step, though its input carries them where the call would reset them. */
enum gt_step_when {
    GT_STEP_CHANGED, /* one of its properties differs, or is no longer wanted */
    GT_STEP_SET,     /* one differs and is wanted */
    GT_STEP_REMOVED  /* one is no longer wanted */
};

struct gt_step {
    struct gt_use use;
    /* The top-level properties it writes, ends with NULL; NULL: all that its input has a member for
     * (not those that its binds set). */
    const char *const *properties;
    enum gt_step_when when;
    /* Most updates reset what they are not given: the input starts from the live object (members
     * that the input has, less those that the manifest no longer names) and the wanted properties
     * go over it, member by member; lists and the members of a union are replaced. */
    bool merge_live;
    /* Create does not take all of these properties: when a wanted one is such, the step runs after
     * the create, once the object has settled. */
    bool on_create;
    /* Pointers into live that must not be sent back, ends with NULL; may be NULL. */
    const char *const *live_excluded;
};

/* Tags as a type knows them; the engine reads and writes them by these calls. */
enum gt_tag_form { GT_TAGS_MAP, GT_TAGS_LIST /* [{Key, Value}] */ };
/* Where neither the read gives them nor `list` does, only create takes tags: nothing is compared, and they do
 * not tell whose an object is. */
struct gt_tagging {
    const char *property; /* "tags", "Tags", "UserPoolTags"; NULL: the type carries no tags */
    enum gt_tag_form form;
    bool in_read;       /* the read gives them */
    struct gt_use list; /* else this call does; .out points to the tags */
    struct gt_use tag, untag;
    const char *tag_member;   /* of tag's input: the tags; in `form` */
    const char *untag_member; /* of untag's input: the list of keys */
};

/* Where the status of an object stands, and what its values mean. Pointers into live. */
struct gt_status {
    const char *path;   /* "/status"; NULL, or live without it: settled once the call is answered */
    const char *reason; /* "/statusReasons" or "/failureReason": a string or a list of them */
    /* Each ends with NULL and may be NULL. A value that none of them has is pending. */
    const char *const *settled;
    const char *const *pending;
    const char *const *failed;
    const char *const *person; /* waits for a person's consent: done, with a warning */
    const char *const *deleting;
    const char *const *undeletable; /* the removal failed */
    const char *person_url;         /* where that person has to go, or NULL */
    const char *equal[2]; /* must be equal, too, before it counts as settled; where one is missing
                             the rule says nothing; NULL: no such rule */
    int sightings;        /* how often in a row the settled value must be seen; 0: once */
    int64_t limit_ms;     /* how long settling, and being removed, may take; 0: 30 minutes */
};

/* What else must hold before an object counts as settled, read by a call of its own. The status is
 * that of this call's object (below read.out). */
struct gt_also_settled {
    struct gt_use read; /* operation NULL ends the list */
    struct gt_status status;
    const char *live_equal[2]; /* [0] of this object equals [1] of the resource's live, or NULL */
    const struct gt_absence *absent; /* errors that mean: not there yet */
    int64_t absent_limit_ms;         /* not there for so long: goes on without it, with a warning */
};

/* An error text that passes by itself: IAM's propagation and the like. */
struct gt_transient {
    const struct gt_operation *operation; /* NULL: every call of the type but reads */
    const char *code, *text; /* code NULL ends the list; text: a part of the message, case
                                ignored; NULL: any */
    int64_t limit_ms;        /* from the first sighting */
    bool pacing;             /* the object is busy: wait, then the same call again */
};

/* A failed status that passes when the object is driven again. */
struct gt_redrive {
    const char *text; /* a part of the reason, case ignored; NULL ends the list */
    int64_t limit_ms; /* from the first sighting: later the failure stands */
};

/* How an object is found without its identity. */
struct gt_lookup {
    struct gt_use list; /* all pages; operation NULL: by the read, when the identity is known */
    const char *items;  /* pointer of the list in the output */
    /* pairs: pointer in the item, pointer in the properties; both must be equal for all pairs */
    const char *match[3][2];
    /* Names are not unique: several objects may match. Each is read, and its tags decide. Where the
     * type has no tags: objects that the state has under another address are not meant, one that is
     * left is, and several are an error. */
    bool ambiguous;
};

/* A call on the data plane that wakes an object, after it has settled and before a dependent starts whose
 * type `connects`. It never fails the resource: past its limit the engine goes on. */
struct gt_probe {
    struct gt_use use;
    const char *payload_member; /* the input's blob member */
    const char *payload;        /* its value */
    int64_t limit_ms;
    /* Ends with NULL: not awake yet; any other answer ends the probe. */
    const char *const *retry_codes;
    const char *only[2]; /* pointer into live and the text it must have, or NULL */
    const char *unless;  /* pointer into live: no probe when there is something, or NULL */
};

struct gt_foreign;
struct gt_validation;

struct gt_type {
    const char *name;    /* "gateway" */
    const char *summary; /* one line for the reference */
    const struct gt_service *service;

    /* read and remove need the identity alone: what only the state knows can be removed. */
    struct gt_use create, read, remove;
    /* A type without a call for one object reads a list, all its pages: read_items points to the
     * list in the output, and the object is the item in which each pair (pointer in the item, name
     * of an identity member) is equal; gt_type_read_item finds it. NULL: the read gives the object
     * itself. */
    const char *read_items;
    const char *read_match[3][2];
    int64_t appear_ms;                  /* after the create, reads may miss it for so long */
    bool create_is_upsert;              /* the create call also changes: it is the update, too */
    const struct gt_step *steps;        /* ends with a NULL operation; may be NULL */
    const struct gt_identity *identity; /* ends with a NULL name */
    struct gt_lookup lookup;
    const struct gt_absence *exists; /* create's errors that mean: the name is taken; may be NULL */
    /* An existing object that carries no tags of Gantry's is adopted when this property ([0], a
     * pointer) starts with this text ([1]): the service makes such objects by itself. */
    const char *adopt_untagged[2];
    const struct gt_absence *absent; /* errors that mean: there is no such object */
    const char *absent_without; /* pointer into the read's object: a read without it means absent */

    struct gt_status status;
    const struct gt_also_settled *also_settled; /* ends with a NULL operation; may be NULL */
    const struct gt_transient *transients;      /* ends with NULL code; may be NULL */
    const struct gt_redrive *redrives;          /* ends with NULL text; may be NULL */
    struct gt_use redrive;                      /* operation NULL: the first merging step, forced */
    struct gt_probe probe;                      /* operation NULL: none */

    const struct gt_attr *attributes; /* ends with a NULL path */
    const char *const *outputs; /* members of live that references and state need; ends with NULL */
    const char *arn;            /* the member of live (or identity) that is the ARN, or NULL */
    /* The resource part of the ARN: "gateway/{gatewayId}"; {NAME} is a member of the identity that
     * has no '/', {NAME+} one that may, '*' any text. NULL: no ARN names the object. */
    const char *arn_form;
    struct gt_tagging tags;
    const char *parent;       /* the property that refers to the owner of a type without tags */
    const char *owner;        /* pointer in live that must equal that property's value, or NULL;
                                 another value: somebody else's object */
    const char *completes;    /* the property that refers to an object which this one completes
                                 (a role's policy): whoever refers to that depends on this */
    bool connects;                      /* making, changing or driving it again makes the service connect to
                                           what it refers to: that is probed first (see struct gt_probe) */
    bool goes_with_parent;    /* the parent's removal removes it, too: when its own removal fails and the parent goes
                                 in the same run, that is enough */
    bool breaks_callers;      /* replacing or deleting it breaks every caller */
    const char *breaks_words; /* "the gateway gets a new URL" */
    const char *protection;   /* a property that makes the service refuse deletion, or NULL */
    const char *protection_on, *protection_off; /* its values as JSON text */
    bool create_before_delete; /* a replacement is made before the old one goes; only where names
                                  need not be unique */
    bool kept_by_service;      /* the service keeps data after deletion: said by destroy */
    const char *kept_words;
    /* lists of things others may have added to this object; shown as foreign */
    const struct gt_foreign *foreign; /* ends with a NULL operation; may be NULL */

    /* Hooks: pure, may be NULL. */
    /* Turns what a read gave into the spelling of the properties; new reference. */
    json_t *(*normalize)(const json_t *read);
    /* Last word on an input; changes `input` in place. Called at the end of gt_type_input and
     * gt_type_step_input. */
    void (*prepare)(const struct gt_operation *operation, json_t *input, const json_t *properties,
                    const json_t *live);
    /* Checks that the model cannot express; called by gt_type_validate. */
    void (*check)(const json_t *properties, const struct gt_validation *how,
                  struct gt_diags *diags);
};

struct gt_foreign {
    struct gt_use list;          /* operation NULL ends the table */
    const char *items;           /* pointer to the list in the output */
    const char *name;            /* pointer in an item; "" when the item is the name itself */
    const char *type, *property; /* the type and its property (a name) by which our own are told */
    const char *words;           /* "inline policy" */
};

/* All types, ends with NULL. */
extern const struct gt_type *const gt_types[];

/* By name, or NULL. */
const struct gt_type *gt_type_find(const char *name);

/* The attribute row for a pointer ("/a/b/0"), or NULL. A part "*" of a row's path fits any part, a
 * last part "**" the value itself and all below it; of several rows that fit the first counts. */
const struct gt_attr *gt_type_attr(const struct gt_type *type, const char *pointer);

/* Whether the value at a pointer of the properties or of live is secret: the table's word, else the
 * model's sensitive trait. What lies below a secret is secret unless the table says otherwise. */
bool gt_type_secret(const struct gt_type *type, const char *pointer);

/* The shape of a property: of the create input, else of a step's input; NULL when there is none. */
const struct gt_shape *gt_type_property_shape(const struct gt_type *type, const char *pointer);

/* Names of all top-level properties, sorted (ends with NULL), for suggestions and the reference. */
const char *const *gt_type_properties(const struct gt_type *type, struct gt_arena *arena);

/* Validates properties against the shapes of the create input and the steps' inputs, and by the
 * type's own check. Policies and JSON texts may be given as documents. */
bool gt_type_validate(const struct gt_type *type, const json_t *properties,
                      const struct gt_validation *how, struct gt_diags *diags);

/* A copy of the properties typed by their shapes; new reference. */
struct gt_marks;
json_t *gt_type_coerce(const struct gt_type *type, const json_t *properties,
                       const struct gt_marks *marks);

/* A copy of properties or of live in which every secret is replaced by the string "(secret)"; new
 * reference. */
json_t *gt_type_redact(const struct gt_type *type, const json_t *properties);

/* The same for a part of them, the value at a pointer; new reference. */
json_t *gt_type_redact_at(const struct gt_type *type, const char *pointer, const json_t *value);

/* The identity that the properties alone give (all members have `property`), or NULL; new
 * reference. */
json_t *gt_type_identity_of(const struct gt_type *type, const json_t *properties);

/* The identity in a create's output or in a list item, together with the properties; NULL when a
 * member is missing. New reference. */
json_t *gt_type_identity_created(const struct gt_type *type, const json_t *properties,
                                 const json_t *output);
json_t *gt_type_identity_listed(const struct gt_type *type, const json_t *properties,
                                const json_t *item);

/* Whether a list's item is the one that the look-up wants: all pairs of lookup.match are equal. */
bool gt_type_listed_matches(const struct gt_type *type, const json_t *properties,
                            const json_t *item);

/* Builds the input of a call. `with_properties` adds every property that the input has a member
 * for; documents become the text that the service wants, nulls and lists that may not be empty are
 * left out. The idempotency token is never set. New reference. */
struct gt_input_sources {
    const json_t *identity, *properties, *live;
};
json_t *gt_type_input(const struct gt_type *type, const struct gt_use *use,
                      const struct gt_input_sources *from, bool with_properties);

/* The input of an update step: see struct gt_step. `dropped`: pointers of what was applied last
 * time and is no longer wanted, at any depth ("/description", "/environmentVariables/OLD"), an
 * array of strings; may be NULL. New reference. */
json_t *gt_type_step_input(const struct gt_type *type, const struct gt_step *step,
                           const struct gt_input_sources *from, const json_t *dropped);

/* Whether a step writes a top-level property. */
bool gt_type_step_writes(const struct gt_type *type, const struct gt_step *step,
                         const char *property);

/* Whether an update needs the step: `changed` and `dropped` are arrays of pointers of what differs
 * and is wanted, and of what is no longer wanted. Either may be NULL. */
bool gt_type_step_wanted(const struct gt_type *type, const struct gt_step *step,
                         const json_t *changed, const json_t *dropped);

/* Whether the step must run after the create. */
bool gt_type_step_after_create(const struct gt_type *type, const struct gt_step *step,
                               const json_t *properties);

/* Inputs of the tag calls: `tags` is a map, `keys` an array of strings. New references. */
json_t *gt_type_tag_input(const struct gt_type *type, const struct gt_input_sources *from,
                          const json_t *tags);
json_t *gt_type_untag_input(const struct gt_type *type, const struct gt_input_sources *from,
                            const json_t *keys);

/* For types with read_items: the object in one page of the read's output, borrowed, or NULL. */
const json_t *gt_type_read_item(const struct gt_type *type, const json_t *identity,
                                const json_t *page);

/* Reads the object out of a read's output (of read_items: the item): use.out, then normalize, then
 * the identity's properties that the read does not give. NULL when absent_without says that there
 * is none. New reference. */
json_t *gt_type_live(const struct gt_type *type, const json_t *identity, const json_t *output);

/* What a status says. */
enum gt_standing {
    GT_STANDING_SETTLED,
    GT_STANDING_PENDING,
    GT_STANDING_FAILED,
    GT_STANDING_PERSON,
    GT_STANDING_DELETING,
    GT_STANDING_UNDELETABLE
};
enum gt_standing gt_status_standing(const struct gt_status *status, const json_t *object);

/* The reason that goes with a status, as one line; NULL when there is none. Arena string. */
const char *gt_status_reason(struct gt_arena *arena, const struct gt_status *status,
                             const json_t *object);

/* The meaning of errors. `message` may be NULL. */
bool gt_type_says_exists(const struct gt_type *type, const char *code, const char *message);
const struct gt_absence *gt_absence_find(const struct gt_absence *rows, const char *code,
                                         const char *message);
const struct gt_transient *gt_type_transient(const struct gt_type *type,
                                             const struct gt_operation *operation, const char *code,
                                             const char *message);
const struct gt_redrive *gt_type_redrive(const struct gt_type *type, const char *reason);

/* The secret values of properties: an object, pointer -> value; new reference. */
json_t *gt_type_secrets(const struct gt_type *type, const json_t *properties);

/* Whether the tags of an object can be known. */
bool gt_type_reads_tags(const struct gt_type *type);

/* Tags as a map, from either form; new reference. And back into the type's form. */
json_t *gt_type_tags_map(const struct gt_type *type, const json_t *tags);
json_t *gt_type_tags_form(const struct gt_type *type, const json_t *map);

/* The identity that a person gave to `import` or `existing`: an id or an ARN, together with the
 * properties; several members separated by '/', those that the properties give may be left out.
 * NULL with a diagnostic when it does not fit. A name looks like an id: when nothing is read by it,
 * the object with these properties is looked up: gt_type_named. */
json_t *gt_type_identity_parse(const struct gt_type *type, const char *text,
                               const json_t *properties, struct gt_diags *diags);

/* The properties, with the one that holds the object's name set to `name`, for the look-up; NULL
 * when the type has no look-up by name. New reference. */
json_t *gt_type_named(const struct gt_type *type, const char *name, const json_t *properties);

#endif
