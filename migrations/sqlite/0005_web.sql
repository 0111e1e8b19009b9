-- Logins of the pages made by commands; those of the configuration are not in here.
CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;

-- Who is logged in: a hash of the cookie, and a hash of what the password was checked against, so that another password
-- ends the session.
CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    user_name TEXT NOT NULL,
    login_hash TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_until ON sessions (until_ms);

-- Tokens of the error page, as hashes: of all mandants (scope empty) and of one. A token of the configuration that was
-- there when this one was made no longer counts.
CREATE TABLE page_tokens (
    scope TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL,
    replaces_hash TEXT,
    created_ms INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;

-- The mark people see: none once a person has settled it.
ALTER TABLE orders ADD COLUMN shown_mark TEXT GENERATED ALWAYS AS
    (CASE WHEN mark <> 'none' AND (resolved_fingerprint IS NULL OR resolved_fingerprint <> mark_fingerprint)
          THEN mark ELSE 'none' END) VIRTUAL;
-- Money that waits: for the buyer's transfer, to be captured, to be booked in pixi.
ALTER TABLE orders ADD COLUMN awaiting INTEGER GENERATED ALWAYS AS
    (CASE WHEN waits <> 'end' AND management NOT IN ('ignored', 'legacy', 'manual')
          AND payment_group IN ('WAIT', 'INVOICE', 'SECURED') AND payment_status IN ('UNPAID', 'PAID_PARTIAL')
          THEN total - captured + refunded ELSE 0 END) VIRTUAL;
ALTER TABLE orders ADD COLUMN capturable INTEGER GENERATED ALWAYS AS
    (CASE WHEN waits <> 'end' AND management NOT IN ('ignored', 'legacy', 'manual')
          AND payment_group IN ('AUTH', 'PAYLATER') AND authorized > captured
          THEN authorized - captured ELSE 0 END) VIRTUAL;
ALTER TABLE orders ADD COLUMN unbooked INTEGER GENERATED ALWAYS AS
    (CASE WHEN waits <> 'end' AND management NOT IN ('ignored', 'legacy', 'manual')
          AND transfer_status IN ('NOT_TRANSFERRED', 'ERROR') AND captured > refunded
          THEN captured - refunded ELSE 0 END) VIRTUAL;

-- How many orders are in which state and how much money waits in it: live sums over all orders would be too slow for a
-- page that is looked at all day.
CREATE TABLE board (
    api TEXT NOT NULL,
    mandant TEXT NOT NULL,
    payment_code TEXT NOT NULL,
    method TEXT NOT NULL,
    payment_status TEXT NOT NULL,
    transfer_status TEXT NOT NULL,
    mark TEXT NOT NULL,
    currency TEXT NOT NULL,
    orders INTEGER NOT NULL,
    awaiting INTEGER NOT NULL,
    capturable INTEGER NOT NULL,
    unbooked INTEGER NOT NULL,
    PRIMARY KEY (api, mandant, payment_code, method, payment_status, transfer_status, mark, currency)
) STRICT;

INSERT INTO board
    SELECT api, mandant, payment_code, COALESCE(method, ''), payment_status, transfer_status, shown_mark, currency,
           COUNT(*), SUM(awaiting), SUM(capturable), SUM(unbooked)
    FROM orders GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

CREATE TRIGGER board_sees_a_new_order AFTER INSERT ON orders BEGIN
    INSERT INTO board VALUES (new.api, new.mandant, new.payment_code, COALESCE(new.method, ''), new.payment_status,
        new.transfer_status, new.shown_mark, new.currency, 1, new.awaiting, new.capturable, new.unbooked)
        ON CONFLICT DO UPDATE SET orders = orders + 1, awaiting = awaiting + excluded.awaiting,
        capturable = capturable + excluded.capturable, unbooked = unbooked + excluded.unbooked;
END;

CREATE TRIGGER board_follows_an_order AFTER UPDATE ON orders
    WHEN new.payment_status <> old.payment_status OR new.transfer_status <> old.transfer_status
        OR new.shown_mark <> old.shown_mark OR new.method IS NOT old.method OR new.currency <> old.currency
        OR new.payment_code <> old.payment_code OR new.awaiting <> old.awaiting OR new.capturable <> old.capturable
        OR new.unbooked <> old.unbooked
BEGIN
    UPDATE board SET orders = orders - 1, awaiting = awaiting - old.awaiting, capturable = capturable - old.capturable,
        unbooked = unbooked - old.unbooked
        WHERE api = old.api AND mandant = old.mandant AND payment_code = old.payment_code
        AND method = COALESCE(old.method, '') AND payment_status = old.payment_status
        AND transfer_status = old.transfer_status AND mark = old.shown_mark AND currency = old.currency;
    INSERT INTO board VALUES (new.api, new.mandant, new.payment_code, COALESCE(new.method, ''), new.payment_status,
        new.transfer_status, new.shown_mark, new.currency, 1, new.awaiting, new.capturable, new.unbooked)
        ON CONFLICT DO UPDATE SET orders = orders + 1, awaiting = awaiting + excluded.awaiting,
        capturable = capturable + excluded.capturable, unbooked = unbooked + excluded.unbooked;
END;

-- What the lists of the pages go by, latest order first.
CREATE INDEX orders_by_mandant ON orders (mandant, id);
CREATE INDEX orders_by_status ON orders (payment_status, id);
CREATE INDEX orders_by_transfer ON orders (transfer_status, id);
CREATE INDEX orders_by_method ON orders (method, id);
CREATE INDEX orders_by_first_seen ON orders (first_seen_ms, id);
CREATE INDEX orders_payment ON orders (payment, id) WHERE payment IS NOT NULL;
CREATE INDEX orders_shown_mark ON orders (shown_mark, id) WHERE shown_mark <> 'none';
CREATE INDEX requests_of_order ON requests (api, mandant, nr, id) WHERE nr IS NOT NULL;
