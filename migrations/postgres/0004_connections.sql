-- How each pixi API and Unzer key pair is doing. A row is made when the connection is used first.
CREATE TABLE connections (
    peer TEXT COLLATE "C" NOT NULL CHECK (peer IN ('pixi', 'unzer')),
    -- Name of the API, or public key of the pair.
    name TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('NOT_CONNECTED', 'CONNECTED', 'CONNECTED_ERROR', 'DISABLED', 'DEREGISTERED')),
    since_ms BIGINT NOT NULL,
    -- Begin of an outage that is not over.
    failing_since_ms BIGINT,
    last_error TEXT COLLATE "C",
    last_error_ms BIGINT,
    -- Who switched it off or on last, and why.
    changed_by TEXT COLLATE "C",
    changed_reason TEXT COLLATE "C",
    -- It was taken up again, and what came in meanwhile was not yet.
    catch_up BIGINT NOT NULL,
    PRIMARY KEY (peer, name)
);

-- Documents of an order that was taken over, as a person has accepted them before anything moved.
CREATE TABLE accepted_documents (
    order_id BIGINT NOT NULL REFERENCES orders (id),
    document TEXT COLLATE "C" NOT NULL,
    settled TEXT COLLATE "C" NOT NULL CHECK (settled IN ('done', 'open')),
    total BIGINT NOT NULL,
    accepted_by TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    accepted_ms BIGINT NOT NULL,
    PRIMARY KEY (order_id, document)
);

-- Orders handed to debt collection, with the money there was then: more of it ends it.
CREATE TABLE collections (
    order_id BIGINT PRIMARY KEY REFERENCES orders (id),
    net BIGINT NOT NULL,
    handed_by TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    handed_ms BIGINT NOT NULL
);
