-- How each pixi API and Unzer key pair is doing. A row is made when the connection is used first.
CREATE TABLE connections (
    peer TEXT NOT NULL CHECK (peer IN ('pixi', 'unzer')),
    -- Name of the API, or public key of the pair.
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('NOT_CONNECTED', 'CONNECTED', 'CONNECTED_ERROR', 'DISABLED', 'DEREGISTERED')),
    since_ms INTEGER NOT NULL,
    -- Begin of an outage that is not over.
    failing_since_ms INTEGER,
    last_error TEXT,
    last_error_ms INTEGER,
    -- Who switched it off or on last, and why.
    changed_by TEXT,
    changed_reason TEXT,
    -- It was taken up again, and what came in meanwhile was not yet.
    catch_up INTEGER NOT NULL,
    PRIMARY KEY (peer, name)
) STRICT;

-- Documents of an order that was taken over, as a person has accepted them before anything moved.
CREATE TABLE accepted_documents (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    document TEXT NOT NULL,
    settled TEXT NOT NULL CHECK (settled IN ('done', 'open')),
    total INTEGER NOT NULL,
    accepted_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    accepted_ms INTEGER NOT NULL,
    PRIMARY KEY (order_id, document)
) STRICT;

-- Orders handed to debt collection, with the money there was then: more of it ends it.
CREATE TABLE collections (
    order_id INTEGER PRIMARY KEY REFERENCES orders (id),
    net INTEGER NOT NULL,
    handed_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    handed_ms INTEGER NOT NULL
) STRICT;
