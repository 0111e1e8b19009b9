-- Times are milliseconds since 1970 (UTC), amounts minor units, flags 0 or 1.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One row per process that runs orders.
CREATE TABLE processes (
    id INTEGER PRIMARY KEY,
    fence INTEGER NOT NULL UNIQUE,
    label TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    heartbeat_ms INTEGER NOT NULL,
    ended_ms INTEGER
) STRICT;

-- One row per pixi API: who may run its orders, until when.
CREATE TABLE leases (
    api TEXT PRIMARY KEY,
    owner INTEGER NOT NULL REFERENCES processes (id),
    fence INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    api TEXT NOT NULL,
    mandant TEXT NOT NULL,
    nr INTEGER NOT NULL,
    nr_external TEXT NOT NULL,
    payment_code TEXT NOT NULL,
    currency TEXT NOT NULL,
    mode TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    management TEXT NOT NULL,
    management_by TEXT,
    management_reason TEXT,
    payment TEXT,
    method TEXT,
    payment_group TEXT,
    payment_status TEXT NOT NULL,
    transfer_status TEXT NOT NULL,
    reason TEXT NOT NULL,
    mark TEXT NOT NULL CHECK (mark IN ('none', 'hint', 'problem')),
    mark_number INTEGER,
    mark_notice TEXT,
    mark_fingerprint TEXT,
    mark_since_ms INTEGER,
    resolved_fingerprint TEXT,
    resolved_by TEXT,
    resolved_ms INTEGER,
    resolved_reason TEXT,
    waits TEXT NOT NULL CHECK (waits IN ('check', 'person', 'end')),
    next_check_ms INTEGER,
    o0 INTEGER,
    total INTEGER NOT NULL,
    authorized INTEGER NOT NULL,
    captured INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    invoiced INTEGER NOT NULL,
    credited INTEGER NOT NULL,
    facts_digest TEXT NOT NULL,
    digest_since_ms INTEGER NOT NULL,
    settings_digest TEXT NOT NULL,
    changed_ms INTEGER NOT NULL,
    UNIQUE (api, mandant, nr),
    -- No order without a next check, a person or an end.
    CHECK (waits <> 'check' OR next_check_ms IS NOT NULL)
) STRICT;

CREATE INDEX orders_due ON orders (api, next_check_ms, id) WHERE waits <> 'end';
CREATE INDEX orders_open ON orders (api, id) WHERE waits <> 'end';
CREATE INDEX orders_marked ON orders (mark, id) WHERE mark <> 'none';
CREATE INDEX orders_nr ON orders (nr);
CREATE INDEX orders_external ON orders (nr_external);

-- Facts last seen, apart from the order so that its row stays small.
CREATE TABLE facts (
    order_id INTEGER PRIMARY KEY REFERENCES orders (id),
    facts TEXT NOT NULL
) STRICT;

-- A payment belongs to one order across all APIs and mandants.
CREATE TABLE payment_claims (
    payment TEXT PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    claimed_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    api TEXT NOT NULL,
    mandant TEXT NOT NULL,
    nr INTEGER NOT NULL,
    step_key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    kind TEXT NOT NULL,
    rule TEXT NOT NULL,
    effect TEXT NOT NULL,
    guards TEXT NOT NULL,
    moves_money INTEGER NOT NULL,
    payment TEXT,
    document TEXT,
    charge TEXT NOT NULL,
    event TEXT,
    customer INTEGER,
    amount_minor INTEGER,
    currency TEXT,
    snapshot TEXT NOT NULL,
    token TEXT NOT NULL,
    owner INTEGER NOT NULL REFERENCES processes (id),
    fence INTEGER NOT NULL,
    intended_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intended', 'done', 'pending', 'refused', 'not_sent', 'unknown')),
    outcome TEXT,
    transaction_path TEXT,
    settled_ms INTEGER,
    looks INTEGER NOT NULL,
    first_look_ms INTEGER,
    next_look_ms INTEGER,
    decided_by TEXT,
    decided_reason TEXT,
    UNIQUE (order_id, step_key, attempt),
    UNIQUE (order_id, token)
) STRICT;

-- At most one attempt of a step that is not Refused or NotSent.
CREATE UNIQUE INDEX steps_one_live ON steps (order_id, step_key) WHERE state NOT IN ('refused', 'not_sent');
-- One open money step per payment.
CREATE UNIQUE INDEX steps_one_money ON steps (payment)
    WHERE moves_money = 1 AND state IN ('intended', 'pending', 'unknown');
CREATE UNIQUE INDEX steps_capture_once ON steps (api, document)
    WHERE kind = 'capture' AND document IS NOT NULL AND state NOT IN ('refused', 'not_sent');
CREATE UNIQUE INDEX steps_refund_once ON steps (api, document, charge)
    WHERE kind = 'refund' AND document IS NOT NULL AND state NOT IN ('refused', 'not_sent');
CREATE UNIQUE INDEX steps_booking_once ON steps (api, document, event)
    WHERE kind IN ('book_invoice', 'book_return') AND state NOT IN ('refused', 'not_sent');
CREATE UNIQUE INDEX steps_one_booking_per_customer ON steps (api, customer)
    WHERE kind = 'book_return' AND state IN ('intended', 'pending', 'unknown');
CREATE INDEX steps_open ON steps (api, id) WHERE state IN ('intended', 'pending', 'unknown');
CREATE INDEX steps_payment ON steps (payment) WHERE payment IS NOT NULL;
CREATE INDEX steps_given_back ON steps (api, mandant, intended_ms) WHERE kind = 'refund';

-- What people ask the running daemon for.
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    api TEXT,
    mandant TEXT,
    nr INTEGER,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    args TEXT NOT NULL,
    reason TEXT NOT NULL,
    amounts_seen TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    taken_by INTEGER REFERENCES processes (id),
    taken_ms INTEGER,
    answered_ms INTEGER,
    answer TEXT
) STRICT;

CREATE INDEX requests_open ON requests (id) WHERE answered_ms IS NULL;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    api TEXT NOT NULL,
    mandant TEXT NOT NULL,
    kind TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    day TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    params TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    tries INTEGER NOT NULL,
    last_error TEXT,
    created_ms INTEGER NOT NULL,
    next_try_ms INTEGER NOT NULL,
    settled_ms INTEGER,
    UNIQUE (api, mandant, kind, fingerprint, day)
) STRICT;

CREATE INDEX outbox_due ON outbox (next_try_ms, id) WHERE state = 'queued';

-- Payments a webhook told of; only a nudge to look, so one row per payment is enough.
CREATE TABLE hints (
    payment TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    times INTEGER NOT NULL
) STRICT;

CREATE TABLE cursors (
    api TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (api, name)
) STRICT;

CREATE TABLE totals (
    day TEXT NOT NULL,
    api TEXT NOT NULL,
    mandant TEXT NOT NULL,
    currency TEXT NOT NULL,
    captured INTEGER NOT NULL,
    captures INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    refunds INTEGER NOT NULL,
    problems INTEGER NOT NULL,
    PRIMARY KEY (day, api, mandant, currency)
) STRICT;

-- Append-only, one hash chain per mandant and one for configuration and logins.
CREATE TABLE audit (
    chain TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    entry TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT;

CREATE TABLE chains (
    chain TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;

-- The head moves with each entry, in its transaction.
CREATE TRIGGER audit_moves_the_head AFTER INSERT ON audit BEGIN
    INSERT INTO chains (chain, seq, hash) VALUES (new.chain, new.seq, new.hash)
        ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash;
END;

CREATE TRIGGER audit_keeps_its_rows BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_loses_no_row BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
