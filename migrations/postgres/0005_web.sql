-- Logins of the pages made by commands; those of the configuration are not in here.
CREATE TABLE users (
    name TEXT COLLATE "C" PRIMARY KEY,
    password_hash TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL
);

-- Who is logged in: a hash of the cookie, and a hash of what the password was checked against, so that another password
-- ends the session.
CREATE TABLE sessions (
    token_hash TEXT COLLATE "C" PRIMARY KEY,
    user_name TEXT COLLATE "C" NOT NULL,
    login_hash TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);

CREATE INDEX sessions_until ON sessions (until_ms);

-- Tokens of the error page, as hashes: of all mandants (scope empty) and of one. A token of the configuration that was
-- there when this one was made no longer counts.
CREATE TABLE page_tokens (
    scope TEXT COLLATE "C" PRIMARY KEY,
    token_hash TEXT COLLATE "C" NOT NULL,
    replaces_hash TEXT COLLATE "C",
    created_ms BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL
);

-- The mark people see: none once a person has settled it.
ALTER TABLE orders ADD COLUMN shown_mark TEXT COLLATE "C" GENERATED ALWAYS AS
    (CASE WHEN mark <> 'none' AND (resolved_fingerprint IS NULL OR resolved_fingerprint <> mark_fingerprint)
          THEN mark ELSE 'none' END) STORED;
-- Money that waits: for the buyer's transfer, to be captured, to be booked in pixi.
ALTER TABLE orders ADD COLUMN awaiting BIGINT GENERATED ALWAYS AS
    (CASE WHEN waits <> 'end' AND management NOT IN ('ignored', 'legacy', 'manual')
          AND payment_group IN ('WAIT', 'INVOICE', 'SECURED') AND payment_status IN ('UNPAID', 'PAID_PARTIAL')
          THEN total - captured + refunded ELSE 0 END) STORED;
ALTER TABLE orders ADD COLUMN capturable BIGINT GENERATED ALWAYS AS
    (CASE WHEN waits <> 'end' AND management NOT IN ('ignored', 'legacy', 'manual')
          AND payment_group IN ('AUTH', 'PAYLATER') AND authorized > captured
          THEN authorized - captured ELSE 0 END) STORED;
ALTER TABLE orders ADD COLUMN unbooked BIGINT GENERATED ALWAYS AS
    (CASE WHEN waits <> 'end' AND management NOT IN ('ignored', 'legacy', 'manual')
          AND transfer_status IN ('NOT_TRANSFERRED', 'ERROR') AND captured > refunded
          THEN captured - refunded ELSE 0 END) STORED;

-- How many orders are in which state and how much money waits in it: live sums over all orders would be too slow for a
-- page that is looked at all day.
CREATE TABLE board (
    api TEXT COLLATE "C" NOT NULL,
    mandant TEXT COLLATE "C" NOT NULL,
    payment_code TEXT COLLATE "C" NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    payment_status TEXT COLLATE "C" NOT NULL,
    transfer_status TEXT COLLATE "C" NOT NULL,
    mark TEXT COLLATE "C" NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    orders BIGINT NOT NULL,
    awaiting BIGINT NOT NULL,
    capturable BIGINT NOT NULL,
    unbooked BIGINT NOT NULL,
    PRIMARY KEY (api, mandant, payment_code, method, payment_status, transfer_status, mark, currency)
);

INSERT INTO board
    SELECT api, mandant, payment_code, COALESCE(method, ''), payment_status, transfer_status, shown_mark, currency,
           COUNT(*), SUM(awaiting), SUM(capturable), SUM(unbooked)
    FROM orders GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

CREATE FUNCTION board_sees_a_new_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO board VALUES (new.api, new.mandant, new.payment_code, COALESCE(new.method, ''), new.payment_status,
        new.transfer_status, new.shown_mark, new.currency, 1, new.awaiting, new.capturable, new.unbooked)
        ON CONFLICT (api, mandant, payment_code, method, payment_status, transfer_status, mark, currency)
        DO UPDATE SET orders = board.orders + 1, awaiting = board.awaiting + excluded.awaiting,
        capturable = board.capturable + excluded.capturable, unbooked = board.unbooked + excluded.unbooked;
    RETURN NULL;
END $$;

CREATE TRIGGER board_sees_a_new_order AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION board_sees_a_new_order();

CREATE FUNCTION board_follows_an_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE board SET orders = orders - 1, awaiting = awaiting - old.awaiting, capturable = capturable - old.capturable,
        unbooked = unbooked - old.unbooked
        WHERE api = old.api AND mandant = old.mandant AND payment_code = old.payment_code
        AND method = COALESCE(old.method, '') AND payment_status = old.payment_status
        AND transfer_status = old.transfer_status AND mark = old.shown_mark AND currency = old.currency;
    INSERT INTO board VALUES (new.api, new.mandant, new.payment_code, COALESCE(new.method, ''), new.payment_status,
        new.transfer_status, new.shown_mark, new.currency, 1, new.awaiting, new.capturable, new.unbooked)
        ON CONFLICT (api, mandant, payment_code, method, payment_status, transfer_status, mark, currency)
        DO UPDATE SET orders = board.orders + 1, awaiting = board.awaiting + excluded.awaiting,
        capturable = board.capturable + excluded.capturable, unbooked = board.unbooked + excluded.unbooked;
    RETURN NULL;
END $$;

CREATE TRIGGER board_follows_an_order AFTER UPDATE ON orders FOR EACH ROW
    WHEN (new.payment_status <> old.payment_status OR new.transfer_status <> old.transfer_status
        OR new.shown_mark <> old.shown_mark OR new.method IS DISTINCT FROM old.method OR new.currency <> old.currency
        OR new.payment_code <> old.payment_code OR new.awaiting <> old.awaiting OR new.capturable <> old.capturable
        OR new.unbooked <> old.unbooked)
    EXECUTE FUNCTION board_follows_an_order();

-- What the lists of the pages go by, latest order first.
CREATE INDEX orders_by_mandant ON orders (mandant, id);
CREATE INDEX orders_by_status ON orders (payment_status, id);
CREATE INDEX orders_by_transfer ON orders (transfer_status, id);
CREATE INDEX orders_by_method ON orders (method, id);
CREATE INDEX orders_by_first_seen ON orders (first_seen_ms, id);
CREATE INDEX orders_payment ON orders (payment, id) WHERE payment IS NOT NULL;
CREATE INDEX orders_shown_mark ON orders (shown_mark, id) WHERE shown_mark <> 'none';
CREATE INDEX requests_of_order ON requests (api, mandant, nr, id) WHERE nr IS NOT NULL;
