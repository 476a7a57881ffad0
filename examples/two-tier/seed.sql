-- The database of the example, and the user that the server connects as: no superuser, and without a
-- right to anything but these two tables. run.sh has made the database analytics.
\set password `printf %s "$PGPASSWORD"`

CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    region text NOT NULL
);

CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer integer NOT NULL REFERENCES customers,
    status text NOT NULL CHECK (status IN ('open', 'paid', 'shipped')),
    amount bigint NOT NULL, -- in cents
    ordered_at timestamptz NOT NULL
);
CREATE INDEX orders_of_customer ON orders (customer, ordered_at);

INSERT INTO customers VALUES
    (1, 'Ada''s Books', 'north'),
    (2, 'Börsenhaus', 'south'),
    (3, 'Cedar & Sons', 'west');

INSERT INTO orders VALUES
    (101, 1, 'shipped', 12900, '2026-07-03 09:12:00+00'),
    (102, 1, 'paid', 4550, '2026-08-21 16:40:00+00'),
    (103, 2, 'open', 99900, '2026-08-30 11:05:00+00'),
    (104, 3, 'paid', 1999, '2026-09-02 08:00:00+00'),
    (105, 2, 'shipped', 25000, '2026-09-14 13:30:00+00');

CREATE ROLE app LOGIN PASSWORD :'password';
GRANT SELECT ON customers, orders TO app;
GRANT UPDATE (status) ON orders TO app;
