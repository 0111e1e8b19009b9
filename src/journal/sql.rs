//! Every statement of the store, in words both SQLite and PostgreSQL understand.
//!
//! Parameters are `$1`, sums are cast to bigint, nothing is taken from a caller's text. Where a statement runs often its
//! `LIMIT` is cast too: SQLite plans it anew each time where that is a bare parameter.

macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        $(pub(super) const $name: &str = $text;)*
        /// All statements, so that a test can prepare each on every database.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// What is kept of an order. `$o`: what its table is called there, `orders` after a change.
macro_rules! order_values {
    ($o:literal) => {
        concat!(
            "id, api, mandant, nr, nr_external, payment_code, currency, mode, first_seen_ms, management, management_by, \
             management_reason, payment, method, payment_group, payment_status, transfer_status, reason, mark_notice, \
             mark_fingerprint, mark_since_ms, resolved_fingerprint, resolved_by, resolved_ms, resolved_reason, waits, \
             next_check_ms, o0, total, authorized, captured, refunded, invoiced, credited, facts_digest, \
             digest_since_ms, settings_digest, changed_ms, (SELECT s.kind FROM steps s WHERE s.order_id = ",
            $o,
            ".id ORDER BY s.id DESC LIMIT 1) AS last_action, (SELECT s.intended_ms FROM steps s WHERE s.order_id = ",
            $o,
            ".id ORDER BY s.id DESC LIMIT 1) AS last_action_ms "
        )
    };
}

macro_rules! order_columns {
    () => {
        concat!(order_values!("o"), "FROM orders o ")
    };
}

/// Orders as the pages list them: by `$lead`, which an index answers; the rest is compared row by row. The `+` keeps the
/// date from leading, for it would be read in another order.
macro_rules! board_by {
    ($lead:literal) => {
        concat!(
            "SELECT ", order_columns!(), "WHERE ", $lead,
            " (CAST($1 AS TEXT) IS NULL OR o.mandant = $1) AND (CAST($2 AS TEXT) IS NULL OR o.payment_code = $2) \
             AND (CAST($3 AS TEXT) IS NULL OR o.method = $3) AND (CAST($4 AS TEXT) IS NULL OR o.payment_status = $4) \
             AND (CAST($5 AS TEXT) IS NULL OR o.transfer_status = $5) \
             AND (CAST($6 AS TEXT) IS NULL OR o.shown_mark = $6) \
             AND +o.first_seen_ms >= $7 AND +o.first_seen_ms < $8 AND o.id >= $9 AND o.id < $10 \
             ORDER BY o.id DESC LIMIT $11"
        )
    };
}

macro_rules! step_columns {
    () => {
        "s.id, s.api, s.mandant, s.nr, s.step_key, s.attempt, s.effect, s.rule, s.guards, s.snapshot, s.token, s.owner, \
         s.fence, s.intended_ms, s.deadline_ms, s.state, s.outcome, s.settled_ms, s.looks, s.first_look_ms, \
         s.next_look_ms, s.decided_by, s.decided_reason FROM steps s "
    };
}

macro_rules! a_mail {
    () => {
        "m.id, m.mandant, m.kind, m.message_id, m.subject, m.body_text, m.body_html, m.state, m.tries, m.last_error, \
         m.created_ms, m.next_try_ms, m.settled_ms FROM mails m "
    };
}

/// What the audit entry of an outcome needs, with the head of its chain.
macro_rules! settled_columns {
    () => {
        "RETURNING api, mandant, nr, step_key, attempt, kind, amount_minor, currency, effect, token, \
         (SELECT c.seq FROM chains c WHERE c.chain = 'mandant:' || steps.api || '/' || steps.mandant) AS head_seq, \
         (SELECT c.hash FROM chains c WHERE c.chain = 'mandant:' || steps.api || '/' || steps.mandant) AS head_hash"
    };
}

/// Names an order in the report of a check.
macro_rules! an_order {
    ($order:literal) => {
        concat!($order, ".api || '/' || ", $order, ".mandant || '/' || CAST(", $order, ".nr AS TEXT) AS what ")
    };
}

/// Names a step in the report of a check.
macro_rules! a_step {
    () => {
        "s.api || '/' || s.mandant || '/' || CAST(s.nr AS TEXT) || ' ' || s.step_key AS what "
    };
}

statements! {
    SET_META = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    ALL_META = "SELECT name, value FROM meta";

    RUNNING_PROCESSES = "SELECT id, fence, label, started_ms, heartbeat_ms FROM processes WHERE ended_ms IS NULL ORDER BY id";
    END_PROCESSES = "UPDATE processes SET ended_ms = $1 WHERE ended_ms IS NULL";
    END_SILENT_PROCESSES = "UPDATE processes SET ended_ms = $1 WHERE ended_ms IS NULL \
        AND (heartbeat_ms <= $2 OR heartbeat_ms > $3)";
    CLEAR_ENDED_LEASES = "DELETE FROM leases WHERE EXISTS (SELECT 1 FROM processes p WHERE p.id = leases.owner \
        AND p.ended_ms IS NOT NULL)";
    END_PROCESS = "UPDATE processes SET ended_ms = $3 WHERE id = $1 AND fence = $2 AND ended_ms IS NULL";
    CLEAR_LEASES = "DELETE FROM leases";
    NEXT_FENCE = "SELECT CAST(COALESCE(MAX(fence), 0) + 1 AS BIGINT) AS fence FROM processes";
    ADD_PROCESS = "INSERT INTO processes (fence, label, started_ms, heartbeat_ms) VALUES ($1, $2, $3, $3) RETURNING id";
    HEARTBEAT = "UPDATE processes SET heartbeat_ms = $3 WHERE id = $1 AND fence = $2 AND ended_ms IS NULL";
    EXTEND_LEASES = "UPDATE leases SET until_ms = $3 WHERE owner = $1 AND fence = $2";
    TAKE_LEASE = "INSERT INTO leases (api, owner, fence, until_ms) VALUES ($1, $2, $3, $5) \
        ON CONFLICT (api) DO UPDATE SET owner = excluded.owner, fence = excluded.fence, until_ms = excluded.until_ms \
        WHERE leases.owner = excluded.owner OR leases.until_ms <= $4 OR leases.until_ms > $6 \
        RETURNING until_ms";
    ALL_LEASES = "SELECT api, owner, fence, until_ms FROM leases ORDER BY api";
    LOAD_LEASE = "SELECT owner, fence, until_ms FROM leases WHERE api = $1";
    GIVE_LEASE = "DELETE FROM leases WHERE api = $1 AND owner = $2 AND fence = $3";
    GIVE_LEASES = "DELETE FROM leases WHERE owner = $1 AND fence = $2";

    SEE_ORDER = "INSERT INTO orders (api, mandant, nr, nr_external, payment_code, currency, mode, first_seen_ms, \
        management, next_check_ms, waits, payment_status, transfer_status, reason, mark, total, authorized, captured, \
        refunded, invoiced, credited, facts_digest, digest_since_ms, settings_digest, changed_ms) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'check', 'NEW', 'NONE', '', 'none', 0, 0, 0, 0, 0, 0, '', $8, \
        '', $8) ON CONFLICT (api, mandant, nr) DO UPDATE SET nr_external = excluded.nr_external, \
        currency = excluded.currency, \
        management = CASE WHEN orders.management_by IS NULL THEN excluded.management ELSE orders.management END \
        WHERE orders.facts_digest = ''";
    LOAD_ORDER = concat!("SELECT ", order_columns!(), "WHERE o.api = $1 AND o.mandant = $2 AND o.nr = $3");
    LOAD_ORDER_ROW = concat!("SELECT ", order_columns!(), "WHERE o.id = $1");
    LOAD_KNOWN = concat!(
        "SELECT ", order_values!("o"), ", f.facts, \
         (SELECT COUNT(*) FROM payment_claims c WHERE c.payment = o.payment AND c.order_id = o.id) AS claimed \
         FROM orders o LEFT JOIN facts f ON f.order_id = o.id WHERE o.api = $1 AND o.mandant = $2 AND o.nr = $3"
    );
    LOAD_FACTS = "SELECT f.facts FROM facts f JOIN orders o ON o.id = f.order_id \
        WHERE o.api = $1 AND o.mandant = $2 AND o.nr = $3";
    FACTS_ELSEWHERE = "SELECT f.facts FROM facts f JOIN orders o ON o.id = f.order_id \
        WHERE o.api = $1 AND o.mandant <> $2 AND o.waits <> 'end' AND o.customer = $3";
    MANUAL_ORDERS = "SELECT nr, first_seen_ms FROM orders WHERE api = $1 AND customer = $2 AND payment_status = 'MANUAL' \
        ORDER BY nr";
    STORE_FACTS = "INSERT INTO facts (order_id, facts) VALUES ($1, $2) \
        ON CONFLICT (order_id) DO UPDATE SET facts = excluded.facts";
    DUE_ORDERS = "SELECT id, next_check_ms FROM orders WHERE api = $1 AND waits <> 'end' AND next_check_ms <= $2 \
        ORDER BY next_check_ms, id";
    OPEN_ORDERS = concat!(
        "SELECT ", order_columns!(), "WHERE o.api = $1 AND o.waits <> 'end' AND o.id > $2 ORDER BY o.id LIMIT $3"
    );
    ORDERS_BY_NR = concat!("SELECT ", order_columns!(), "WHERE o.nr = $1 ORDER BY o.id");
    LIST_ORDERS = concat!(
        "SELECT ", order_columns!(),
        "WHERE (CAST($1 AS TEXT) IS NULL OR o.api = $1) AND (CAST($2 AS TEXT) IS NULL OR o.mandant = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR o.mark = $3) \
         AND (CAST($4 AS BIGINT) = 0 OR o.resolved_fingerprint IS NULL OR o.resolved_fingerprint <> o.mark_fingerprint) \
         AND (CAST($5 AS BIGINT) = 0 OR o.waits <> 'end') \
         AND (CAST($6 AS TEXT) IS NULL OR o.nr_external = $6 OR o.payment = $6 OR o.nr = CAST($7 AS BIGINT)) \
         AND o.id < $8 ORDER BY o.id DESC LIMIT CAST($9 AS BIGINT)"
    );
    RECORD_PLAN = concat!("UPDATE orders SET payment = $2, method = $3, payment_group = $4, payment_status = $5, \
        transfer_status = $6, reason = $7, mark = $8, mark_number = $9, mark_notice = $10, mark_fingerprint = $11, \
        mark_since_ms = $12, waits = $13, next_check_ms = $14, o0 = $15, total = $16, authorized = $17, captured = $18, \
        refunded = $19, invoiced = $20, credited = $21, facts_digest = $22, digest_since_ms = $23, \
        settings_digest = $24, changed_ms = $25, customer = COALESCE($26, customer) WHERE id = $1 RETURNING ",
        order_values!("orders"), ", (SELECT COUNT(*) FROM outbox p WHERE p.order_id = orders.id AND p.kind = 'problem' \
        AND p.state <> 'failed') AS told");
    RESOLVE = "UPDATE orders SET resolved_fingerprint = $4, resolved_by = $5, resolved_ms = $6, resolved_reason = $7 \
        WHERE api = $1 AND mandant = $2 AND nr = $3";
    MANAGE = "UPDATE orders SET management = $4, management_by = $5, management_reason = $6, waits = 'check', \
        next_check_ms = $7, changed_ms = $7 WHERE api = $1 AND mandant = $2 AND nr = $3 RETURNING id";
    WAKE_ORDER = "UPDATE orders SET waits = 'check', next_check_ms = $4 WHERE api = $1 AND mandant = $2 AND nr = $3 \
        RETURNING id";

    CLAIM_PAYMENT = "INSERT INTO payment_claims (payment, order_id, claimed_ms) \
        SELECT $1, o.id, $5 FROM orders o WHERE o.api = $2 AND o.mandant = $3 AND o.nr = $4 \
        ON CONFLICT (payment) DO NOTHING";
    CLAIMED_BY = "SELECT o.api, o.mandant, o.nr FROM payment_claims c JOIN orders o ON o.id = c.order_id \
        WHERE c.payment = $1";

    INTEND_CONTEXT = "SELECT o.id AS this_order, \
        (SELECT COUNT(*) FROM leases l WHERE l.api = $1 AND l.owner = $4 AND l.fence = $5 AND l.until_ms > $6) AS held, \
        (SELECT c.order_id FROM payment_claims c WHERE c.payment = $7) AS claimed_by, \
        s.id, s.order_id, s.step_key, s.attempt, s.kind, s.state, s.moves_money, s.payment, s.amount_minor, \
        s.transaction_path \
        FROM orders o LEFT JOIN steps s ON (s.order_id = o.id AND s.step_key = $8) OR s.payment = $7 \
        WHERE o.api = $1 AND o.mandant = $2 AND o.nr = $3 ORDER BY s.id";
    REFUNDS_SINCE = "SELECT CAST(COALESCE(SUM(s.amount_minor), 0) AS BIGINT) AS refunded FROM steps s \
        WHERE s.kind = 'refund' AND s.api = $1 AND s.mandant = $2 AND s.intended_ms >= $3 AND s.currency = $4 \
        AND s.state NOT IN ('refused', 'not_sent')";
    ADD_STEP = "INSERT INTO steps (order_id, api, mandant, nr, step_key, attempt, kind, rule, effect, guards, \
        moves_money, payment, document, charge, event, customer, amount_minor, currency, snapshot, token, owner, fence, \
        intended_ms, deadline_ms, state, looks) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, 'intended', 0) RETURNING id";
    SETTLE = concat!(
        "UPDATE steps SET state = $2, outcome = $3, transaction_path = $4, settled_ms = $5, next_look_ms = $6 \
         WHERE id = $1 AND state IN ('intended', 'pending', 'unknown') AND ((owner = $7 AND fence = $8) OR EXISTS \
         (SELECT 1 FROM leases l WHERE l.api = steps.api AND l.owner = $7 AND l.fence = $8 AND l.until_ms > $5)) ",
        settled_columns!()
    );
    DECIDE = concat!(
        "UPDATE steps SET state = $2, outcome = $3, settled_ms = $4, next_look_ms = NULL, decided_by = $5, \
         decided_reason = $6 WHERE id = $1 AND (state IN ('pending', 'unknown') OR (state = 'intended' AND looks > 0)) ",
        settled_columns!()
    );
    RECORD_LOOK = "UPDATE steps SET looks = looks + 1, first_look_ms = COALESCE(first_look_ms, $2), next_look_ms = $3 \
        WHERE id = $1 AND state IN ('intended', 'pending', 'unknown') AND ((owner = $4 AND fence = $5) OR EXISTS \
        (SELECT 1 FROM leases l WHERE l.api = steps.api AND l.owner = $4 AND l.fence = $5 AND l.until_ms > $2)) \
        RETURNING id";
    LOAD_STEP = concat!("SELECT ", step_columns!(), "WHERE s.id = $1");
    STEPS_OF = concat!(
        "SELECT ", step_columns!(),
        "WHERE s.order_id = (SELECT o.id FROM orders o WHERE o.api = $1 AND o.mandant = $2 AND o.nr = $3) ORDER BY s.id"
    );
    HOLDS_LEASE = "SELECT COUNT(*) AS held FROM leases l \
        WHERE l.api = $1 AND l.owner = $2 AND l.fence = $3 AND l.until_ms > $4";

    COUNT_TOTALS = "INSERT INTO totals (day, api, mandant, currency, captured, captures, refunded, refunds, problems) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (day, api, mandant, currency) DO UPDATE SET \
        captured = totals.captured + excluded.captured, captures = totals.captures + excluded.captures, \
        refunded = totals.refunded + excluded.refunded, refunds = totals.refunds + excluded.refunds, \
        problems = totals.problems + excluded.problems";
    LOAD_TOTALS = "SELECT day, api, mandant, currency, captured, captures, refunded, refunds, problems FROM totals \
        WHERE day >= $1 AND day <= $2 ORDER BY day, api, mandant, currency";

    CHAIN_HEAD = "SELECT seq, hash FROM chains WHERE chain = $1";
    ADD_AUDIT = "INSERT INTO audit (chain, seq, at_ms, entry, previous, hash) VALUES ($1, $2, $3, $4, $5, $6)";
    ALL_CHAINS = "SELECT c.chain FROM chains c UNION SELECT a.chain FROM audit a ORDER BY 1";
    AUDIT_ROWS = "SELECT seq, at_ms, entry, previous, hash FROM audit WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT CAST($3 AS BIGINT)";
    LATEST_AUDIT = "SELECT seq, at_ms, entry, previous, hash FROM audit WHERE chain = $1 AND seq < $2 \
        ORDER BY seq DESC LIMIT $3";

    ADD_REQUEST = "INSERT INTO requests (api, mandant, nr, actor, kind, args, reason, amounts_seen, created_ms) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    WAITING_REQUESTS = "SELECT id, api, mandant, nr, actor, kind, args, reason, amounts_seen, created_ms, taken_ms, \
        answered_ms, answer FROM requests WHERE answered_ms IS NULL \
        AND (api IN (SELECT l.api FROM leases l WHERE l.owner = $1 AND l.fence = $2 AND l.until_ms > $3) \
        OR (api IS NULL AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.api = '*' AND l.owner <> $1 AND l.until_ms > $3))) \
        AND (taken_by IS NULL OR (taken_by = $1 AND taken_ms <= $5) OR EXISTS \
        (SELECT 1 FROM processes p WHERE p.id = requests.taken_by AND p.ended_ms IS NOT NULL)) ORDER BY id LIMIT CAST($4 AS BIGINT)";
    TAKE_REQUEST = "UPDATE requests SET taken_by = $2, taken_ms = $3 WHERE id = $1 AND answered_ms IS NULL";
    ANSWER_REQUEST = "UPDATE requests SET answered_ms = $2, answer = $3 WHERE id = $1 AND answered_ms IS NULL";
    LOAD_REQUEST = "SELECT id, api, mandant, nr, actor, kind, args, reason, amounts_seen, created_ms, taken_ms, \
        answered_ms, answer FROM requests WHERE id = $1";

    ADD_NEWS = "INSERT INTO outbox (api, mandant, kind, fingerprint, day, message_id, params, state, tries, created_ms, \
        next_try_ms, order_id, topic) VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', 0, $8, $8, $9, $10) \
        ON CONFLICT (api, mandant, kind, fingerprint, day) DO NOTHING";
    NEWS_DROPPED_BEFORE = "DELETE FROM outbox WHERE api = $1 AND mandant = $2 AND kind = $3 AND fingerprint = $4 AND day = $5 \
        AND state = 'failed' AND mail_id IS NULL";
    NEWS_TAKEN_BACK = "DELETE FROM outbox WHERE api = $1 AND mandant = $2 AND kind = 'solved' AND fingerprint = $3 \
        AND state = 'queued' AND mail_id IS NULL";
    NEWS_TOLD = "SELECT p.id FROM outbox p WHERE p.api = $1 AND p.mandant = $2 AND p.kind = 'problem' AND p.fingerprint = $3 \
        AND p.state <> 'failed' AND NOT EXISTS (SELECT s.id FROM outbox s WHERE s.api = p.api AND s.mandant = p.mandant \
        AND s.kind = 'solved' AND s.fingerprint = p.fingerprint AND s.id > p.id) LIMIT 1";
    NEWS_MAILED_SOLVED = "SELECT s.id FROM outbox s WHERE s.api = $1 AND s.mandant = $2 AND s.kind = 'solved' \
        AND s.fingerprint = $3 AND s.mail_id IS NOT NULL AND s.id > (SELECT MAX(p.id) FROM outbox p WHERE p.api = $1 \
        AND p.mandant = $2 AND p.kind = 'problem' AND p.fingerprint = $3) LIMIT 1";
    NEWS_OPEN = "SELECT p.fingerprint, p.params, p.topic FROM outbox p WHERE p.order_id = $1 AND p.kind = 'problem' \
        AND p.state <> 'failed' AND NOT EXISTS (SELECT s.id FROM outbox s WHERE s.api = p.api AND s.mandant = p.mandant \
        AND s.kind = 'solved' AND s.fingerprint = p.fingerprint AND s.id > p.id) ORDER BY p.id";
    WAITING_NEWS = "SELECT id, api, mandant, kind, fingerprint, day, message_id, params, topic, order_id, created_ms FROM \
        (SELECT b.*, ROW_NUMBER() OVER (PARTITION BY b.mandant ORDER BY b.id) AS place FROM outbox b \
        WHERE b.state = 'queued' AND b.mail_id IS NULL) waiting WHERE place <= $1 ORDER BY id";
    NEWS_IN_MAIL = "UPDATE outbox SET state = 'sent', mail_id = $2, settled_ms = $3 WHERE id = $1 AND state = 'queued'";
    NEWS_DROPPED = "UPDATE outbox SET state = 'failed', last_error = $2, settled_ms = $3 WHERE id = $1 AND state = 'queued'";
    NEWS_SETTLED = "UPDATE outbox SET state = 'failed', last_error = $4, settled_ms = $5 WHERE api = $1 AND mandant = $2 \
        AND kind = 'solved' AND fingerprint = $3 AND state = 'queued'";
    TOPICS_TOLD = "SELECT DISTINCT topic FROM outbox WHERE mandant = $1 AND kind = 'problem' AND substr(day, 1, 10) = $2 \
        AND mail_id IS NOT NULL AND topic IS NOT NULL ORDER BY topic";

    ADD_MAIL = "INSERT INTO mails (mandant, kind, message_id, subject, body_text, body_html, state, tries, created_ms, \
        next_try_ms) VALUES ($1, $2, $3, $4, $5, $6, 'queued', 0, $7, $7) RETURNING id";
    ADD_RECIPIENT = "INSERT INTO mail_recipients (mail_id, place, address, state) VALUES ($1, $2, $3, 'waiting')";
    DUE_MAILS = "SELECT id, mandant FROM (SELECT m.id, m.mandant, m.next_try_ms, \
        ROW_NUMBER() OVER (PARTITION BY m.mandant ORDER BY m.next_try_ms, m.id) AS place FROM mails m \
        WHERE m.state = 'queued' AND m.next_try_ms <= $1) due WHERE place <= $2 ORDER BY next_try_ms, id";
    LOAD_MAIL = concat!("SELECT ", a_mail!(), "WHERE m.id = $1");
    MAILS_OF_ORDER = concat!("SELECT ", a_mail!(), "WHERE m.id IN (SELECT b.mail_id FROM outbox b JOIN orders o ON o.id = b.order_id \
        WHERE o.api = $1 AND o.mandant = $2 AND o.nr = $3) ORDER BY m.id");
    LATEST_MAILS = concat!("SELECT ", a_mail!(), "WHERE m.id < $1 ORDER BY m.id DESC LIMIT $2");
    RECIPIENTS_OF = "SELECT address, state, answer, answered_ms FROM mail_recipients WHERE mail_id = $1 ORDER BY place";
    RECIPIENT_ANSWERED = "UPDATE mail_recipients SET state = $3, answer = $4, answered_ms = $5 \
        WHERE mail_id = $1 AND address = $2 AND state = 'waiting'";
    RECIPIENTS_LEFT = "UPDATE mail_recipients SET answer = $2, answered_ms = $3 WHERE mail_id = $1 AND state = 'waiting'";
    CLAIM_MAIL = "UPDATE mails SET next_try_ms = $2 WHERE id = $1 AND state = 'queued' AND next_try_ms <= $3";
    MAIL_GIVEN_UP = "UPDATE mails SET state = CASE WHEN EXISTS (SELECT r.address FROM mail_recipients r \
        WHERE r.mail_id = mails.id AND r.state = 'accepted') THEN 'sent' ELSE 'failed' END, settled_ms = $2 \
        WHERE id = $1 AND state = 'queued'";
    MAIL_TRIED = "UPDATE mails SET tries = tries + 1, last_error = $2, next_try_ms = $3 \
        WHERE id = $1 AND state = 'queued'";
    MAIL_SETTLED = "UPDATE mails SET state = CASE WHEN EXISTS (SELECT r.address FROM mail_recipients r \
        WHERE r.mail_id = mails.id AND r.state = 'accepted') THEN 'sent' ELSE 'failed' END, settled_ms = $2 \
        WHERE id = $1 AND state = 'queued' AND NOT EXISTS (SELECT r.address FROM mail_recipients r \
        WHERE r.mail_id = mails.id AND r.state = 'waiting')";
    MAILS_WRITTEN = "SELECT CAST(COUNT(*) AS bigint) AS mails FROM mails WHERE mandant = $1 AND created_ms > $2 \
        AND kind NOT IN ('summary', 'reminder')";
    MAILS_UNSENT = "SELECT CAST(COUNT(*) AS bigint) AS mails, CAST(MIN(created_ms) AS bigint) AS oldest_ms FROM mails \
        WHERE state = 'queued'";
    LAST_ANSWERS = "SELECT r.address, r.mail_id, r.state, r.answer, r.answered_ms FROM mail_recipients r \
        JOIN (SELECT address, MAX(answered_ms) AS at_ms FROM mail_recipients WHERE state IN ('accepted', 'refused') \
        AND answered_ms >= $1 GROUP BY address) latest ON latest.address = r.address AND latest.at_ms = r.answered_ms \
        WHERE r.state IN ('accepted', 'refused') ORDER BY r.address, r.mail_id";

    MAIL_SERVER_FAILED = "INSERT INTO mail_servers (name, failures, since_ms, last_error, next_try_ms) \
        VALUES ($1, 1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET \
        since_ms = CASE WHEN mail_servers.failures = 0 THEN excluded.since_ms ELSE mail_servers.since_ms END, \
        failures = mail_servers.failures + 1, last_error = excluded.last_error, next_try_ms = excluded.next_try_ms";
    MAIL_SERVER_WORKED = "INSERT INTO mail_servers (name, failures, since_ms, last_success_ms, next_try_ms) \
        VALUES ($1, 0, $2, $2, $2) ON CONFLICT (name) DO UPDATE SET \
        since_ms = CASE WHEN mail_servers.failures > 0 THEN excluded.since_ms ELSE mail_servers.since_ms END, \
        failures = 0, last_success_ms = excluded.last_success_ms, next_try_ms = excluded.next_try_ms";
    MAIL_SERVERS_READY = "UPDATE mail_servers SET next_try_ms = 0";
    LOAD_MAIL_SERVERS = "SELECT name, failures, since_ms, last_error, last_success_ms, next_try_ms FROM mail_servers \
        ORDER BY name";

    ORDERS_IN_WORK = "SELECT currency, CAST(COUNT(*) AS bigint) AS orders, \
        CAST(SUM(CASE WHEN payment_group IN ('WAIT', 'INVOICE', 'SECURED') AND payment_status IN ('UNPAID', 'PAID_PARTIAL') \
        THEN 1 ELSE 0 END) AS bigint) AS awaiting, \
        CAST(SUM(CASE WHEN payment_group IN ('WAIT', 'INVOICE', 'SECURED') AND payment_status IN ('UNPAID', 'PAID_PARTIAL') \
        THEN total - captured + refunded ELSE 0 END) AS bigint) AS awaited, \
        CAST(SUM(CASE WHEN payment_group IN ('AUTH', 'PAYLATER') AND authorized > captured \
        THEN authorized - captured ELSE 0 END) AS bigint) AS capturable \
        FROM orders WHERE api = $1 AND mandant = $2 AND waits <> 'end' AND management NOT IN ('ignored', 'legacy', 'manual') \
        GROUP BY currency ORDER BY currency";
    STANDING = "SELECT \
        CAST(COALESCE(SUM(CASE WHEN mark = 'problem' AND (resolved_fingerprint IS NULL \
        OR resolved_fingerprint <> mark_fingerprint) THEN 1 ELSE 0 END), 0) AS bigint) AS problems, \
        CAST(COALESCE(SUM(CASE WHEN mark = 'problem' AND resolved_fingerprint = mark_fingerprint THEN 1 ELSE 0 END), 0) \
        AS bigint) AS settled, \
        CAST(COALESCE(SUM(CASE WHEN mark = 'hint' AND waits <> 'end' THEN 1 ELSE 0 END), 0) AS bigint) AS hints, \
        (SELECT CAST(COUNT(*) AS bigint) FROM steps s WHERE s.api = $1 AND s.mandant = $2 AND s.state = 'unknown') AS unknown \
        FROM orders WHERE api = $1 AND mandant = $2 AND mark <> 'none'";
    NEWEST_PROBLEMS = concat!(
        "SELECT ", order_columns!(),
        "WHERE o.api = $1 AND o.mandant = $2 AND o.mark = 'problem' AND (o.resolved_fingerprint IS NULL \
         OR o.resolved_fingerprint <> o.mark_fingerprint) ORDER BY o.mark_since_ms DESC, o.id DESC LIMIT $3"
    );

    ADD_HINT = "INSERT INTO hints (payment, event, received_ms, times) \
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), 1 \
        WHERE EXISTS (SELECT 1 FROM payment_claims c WHERE c.payment = $1) \
        OR (SELECT COUNT(*) FROM hints) < CAST($4 AS BIGINT) \
        ON CONFLICT (payment) DO UPDATE SET event = excluded.event, received_ms = excluded.received_ms, \
        times = hints.times + 1";
    LOAD_HINTS = "SELECT h.payment, h.event, h.received_ms, h.times, o.api, o.mandant, o.nr FROM hints h \
        LEFT JOIN payment_claims c ON c.payment = h.payment LEFT JOIN orders o ON o.id = c.order_id \
        WHERE o.id IS NULL OR o.api = $1 ORDER BY CASE WHEN o.id IS NULL THEN 1 ELSE 0 END, h.received_ms, h.payment LIMIT CAST($2 AS BIGINT)";
    HINTS_WAITING = "SELECT COUNT(*) AS orders, MIN(received_ms) AS oldest_ms FROM hints";
    DROP_HINT = "DELETE FROM hints WHERE payment = $1 AND times = $2 AND received_ms = $3";

    DUE_QUEUE = "SELECT id, mandant, next_check_ms FROM orders WHERE api = $1 AND waits <> 'end' AND next_check_ms <= $2 \
        ORDER BY next_check_ms, id";
    ON_HOLD = "SELECT o.mandant, COUNT(*) AS orders, MIN(CASE WHEN EXISTS (SELECT 1 FROM steps s WHERE s.order_id = o.id \
        AND s.kind = 'release' AND s.state = 'done') THEN o.changed_ms ELSE o.first_seen_ms END) AS oldest_ms \
        FROM orders o JOIN facts f ON f.order_id = o.id \
        WHERE o.api = $1 AND o.waits <> 'end' AND o.management IN ('managed', 'adopted') \
        AND (o.reason LIKE 'R%' OR NOT EXISTS (SELECT 1 FROM steps s WHERE s.order_id = o.id AND s.kind = 'release' \
        AND s.state = 'done')) AND f.facts LIKE '%\"state\":\"HAL\"%' GROUP BY o.mandant ORDER BY o.mandant";
    CAPTURES_OVERDUE = "SELECT mandant, COUNT(*) AS orders, MIN(changed_ms) AS oldest_ms FROM orders \
        WHERE api = $1 AND waits <> 'end' AND management IN ('managed', 'adopted') \
        AND payment_group IN ('AUTH', 'PAYLATER') AND payment_status NOT IN ('CANCELLED', 'CHARGEBACK') \
        AND invoiced > captured AND changed_ms <= $2 GROUP BY mandant ORDER BY mandant";
    OPEN_STEPS = "SELECT mandant, state, COUNT(*) AS orders, MIN(intended_ms) AS oldest_ms FROM steps \
        WHERE state IN ('intended', 'pending', 'unknown') GROUP BY mandant, state ORDER BY mandant, state";
    MARKED_ORDERS = "SELECT mandant, mark, COUNT(*) AS orders, MIN(mark_since_ms) AS oldest_ms FROM orders \
        WHERE mark <> 'none' AND (resolved_fingerprint IS NULL OR resolved_fingerprint <> mark_fingerprint) \
        GROUP BY mandant, mark ORDER BY mandant, mark";
    OPEN_ORDERS_COUNT = "SELECT mandant, COUNT(*) AS orders, CAST(NULL AS BIGINT) AS oldest_ms FROM orders WHERE api = $1 AND waits <> 'end' \
        GROUP BY mandant ORDER BY mandant";
    REQUESTS_WAITING = "SELECT COUNT(*) AS orders, MIN(created_ms) AS oldest_ms FROM requests WHERE answered_ms IS NULL";

    ORDERS_WITHOUT_NEXT = concat!("SELECT ", an_order!("o"), "FROM orders o WHERE o.waits NOT IN ('check', 'person', 'end') \
        OR (o.waits = 'check' AND o.next_check_ms IS NULL) ORDER BY o.id");
    PAYMENTS_UNCLAIMED = concat!("SELECT ", an_order!("o"), "FROM orders o LEFT JOIN payment_claims c ON c.payment = o.payment \
        WHERE o.payment IS NOT NULL AND (c.order_id IS NULL OR c.order_id <> o.id) ORDER BY o.id");
    STEPS_ASTRAY = concat!("SELECT ", a_step!(), "FROM steps s LEFT JOIN orders o ON o.id = s.order_id \
        WHERE o.id IS NULL OR o.api <> s.api OR o.mandant <> s.mandant OR o.nr <> s.nr ORDER BY s.id");
    STEPS_WITHOUT_OUTCOME = concat!("SELECT ", a_step!(), "FROM steps s WHERE \
        (s.state IN ('done', 'refused', 'not_sent') AND (s.outcome IS NULL OR s.settled_ms IS NULL)) \
        OR (s.state = 'intended' AND s.outcome IS NOT NULL) ORDER BY s.id");
    STEPS_TWICE = concat!("SELECT ", a_step!(), "FROM steps s WHERE s.state NOT IN ('refused', 'not_sent') AND EXISTS \
        (SELECT 1 FROM steps t WHERE t.order_id = s.order_id AND t.step_key = s.step_key AND t.id < s.id \
        AND t.state NOT IN ('refused', 'not_sent')) ORDER BY s.id");
    MONEY_TWICE = concat!("SELECT ", a_step!(), "FROM steps s WHERE s.moves_money = 1 AND s.payment IS NOT NULL \
        AND s.state IN ('intended', 'pending', 'unknown') AND EXISTS (SELECT 1 FROM steps t WHERE t.payment = s.payment \
        AND t.id < s.id AND t.moves_money = 1 AND t.state IN ('intended', 'pending', 'unknown')) ORDER BY s.id");
    CAPTURED_TWICE = concat!("SELECT ", a_step!(), "FROM steps s WHERE s.kind = 'capture' AND s.document IS NOT NULL \
        AND s.state NOT IN ('refused', 'not_sent') AND EXISTS (SELECT 1 FROM steps t WHERE t.kind = 'capture' \
        AND t.api = s.api AND t.document = s.document AND t.id < s.id AND t.state NOT IN ('refused', 'not_sent')) ORDER BY s.id");
    BOOKED_TWICE = concat!("SELECT ", a_step!(), "FROM steps s WHERE s.kind IN ('book_invoice', 'book_return') \
        AND s.state NOT IN ('refused', 'not_sent') AND EXISTS (SELECT 1 FROM steps t \
        WHERE t.kind IN ('book_invoice', 'book_return') AND t.api = s.api AND t.document = s.document AND t.event = s.event \
        AND t.id < s.id AND t.state NOT IN ('refused', 'not_sent')) ORDER BY s.id");
    REFUNDED_TWICE = concat!("SELECT ", a_step!(), "FROM steps s WHERE s.kind = 'refund' AND s.document IS NOT NULL \
        AND s.state NOT IN ('refused', 'not_sent') AND EXISTS (SELECT 1 FROM steps t WHERE t.kind = 'refund' \
        AND t.api = s.api AND t.document = s.document AND t.charge = s.charge AND t.id < s.id \
        AND t.state NOT IN ('refused', 'not_sent')) ORDER BY s.id");
    MONEY_WITHOUT_AMOUNT = concat!("SELECT ", a_step!(), "FROM steps s WHERE s.kind IN ('capture', 'refund', 'reverse', \
        'change_authorization', 'reauthorize') AND COALESCE(s.amount_minor, 0) <= 0 ORDER BY s.id");
    TOTALS_ASTRAY = "SELECT api || '/' || mandant || ' ' || currency AS what FROM ( \
        SELECT api, mandant, currency, captured, refunded FROM totals WHERE captures + refunds > 0 UNION ALL \
        SELECT api, mandant, currency, CASE WHEN kind = 'capture' THEN -amount_minor ELSE 0 END, \
        CASE WHEN kind = 'refund' THEN -amount_minor ELSE 0 END FROM steps \
        WHERE state = 'done' AND kind IN ('capture', 'refund') AND currency IS NOT NULL) counted \
        GROUP BY api, mandant, currency HAVING SUM(captured) <> 0 OR SUM(refunded) <> 0 ORDER BY 1";

    CONNECTIONS = "SELECT peer, name, state, since_ms, failing_since_ms, last_error, last_error_ms, changed_by, \
        changed_reason, catch_up FROM connections ORDER BY peer, name";
    LOAD_CONNECTION = "SELECT peer, name, state, since_ms, failing_since_ms, last_error, last_error_ms, changed_by, \
        changed_reason, catch_up FROM connections WHERE peer = $1 AND name = $2";
    SAVE_CONNECTION = "INSERT INTO connections (peer, name, state, since_ms, failing_since_ms, last_error, last_error_ms, \
        changed_by, changed_reason, catch_up) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
        ON CONFLICT (peer, name) DO UPDATE SET state = excluded.state, since_ms = excluded.since_ms, \
        failing_since_ms = excluded.failing_since_ms, last_error = excluded.last_error, \
        last_error_ms = excluded.last_error_ms, changed_by = excluded.changed_by, \
        changed_reason = excluded.changed_reason, catch_up = excluded.catch_up";
    CONNECTION_CAUGHT_UP = "UPDATE connections SET catch_up = 0 WHERE peer = $1 AND name = $2";
    METHODS_SEEN = "SELECT DISTINCT mandant, payment_code, method FROM orders WHERE method IS NOT NULL \
        ORDER BY mandant, payment_code, method";

    SAID_OF_ORDER = "SELECT a.document, CAST(NULL AS BIGINT) AS net FROM accepted_documents a \
        JOIN orders o ON o.id = a.order_id WHERE o.api = $1 AND o.mandant = $2 AND o.nr = $3 AND a.settled = 'done' \
        UNION ALL SELECT CAST(NULL AS TEXT), c.net FROM collections c \
        JOIN orders o ON o.id = c.order_id WHERE o.api = $1 AND o.mandant = $2 AND o.nr = $3 ORDER BY 1";
    ACCEPT_DOCUMENT = "INSERT INTO accepted_documents (order_id, document, settled, total, accepted_by, reason, accepted_ms) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (order_id, document) DO UPDATE SET settled = excluded.settled, \
        total = excluded.total, accepted_by = excluded.accepted_by, reason = excluded.reason, \
        accepted_ms = excluded.accepted_ms";
    ADD_COLLECTION = "INSERT INTO collections (order_id, net, handed_by, reason, handed_ms) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (order_id) DO UPDATE SET net = excluded.net, handed_by = excluded.handed_by, \
        reason = excluded.reason, handed_ms = excluded.handed_ms";
    SHOW_COLLECTION = "UPDATE orders SET payment_status = 'COLLECTION', waits = 'check', next_check_ms = $2, \
        changed_ms = $2 WHERE id = $1";
    END_COLLECTION = "DELETE FROM collections WHERE order_id = $1";
    SET_USER = "INSERT INTO users (name, password_hash, created_ms, created_by) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, created_ms = excluded.created_ms, \
        created_by = excluded.created_by";
    REMOVE_USER = "DELETE FROM users WHERE name = $1";
    ALL_USERS = "SELECT name, password_hash, created_ms, created_by FROM users ORDER BY name";
    STORED_PASSWORD = "SELECT password_hash FROM users WHERE name = $1";
    ADD_SESSION = "INSERT INTO sessions (token_hash, user_name, login_hash, created_ms, seen_ms, until_ms) \
        VALUES ($1, $2, $3, $4, $4, $5)";
    LOAD_SESSION = "SELECT s.user_name, s.login_hash, s.seen_ms, s.until_ms, u.password_hash FROM sessions s \
        LEFT JOIN users u ON u.name = s.user_name WHERE s.token_hash = $1";
    SESSION_SEEN = "UPDATE sessions SET seen_ms = $2 WHERE token_hash = $1";
    DROP_SESSION = "DELETE FROM sessions WHERE token_hash = $1";
    DROP_SESSIONS_OF = "DELETE FROM sessions WHERE user_name = $1";
    DROP_OLD_SESSIONS = "DELETE FROM sessions WHERE until_ms < $1";
    SET_PAGE_TOKEN = "INSERT INTO page_tokens (scope, token_hash, replaces_hash, created_ms, created_by) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope) DO UPDATE SET token_hash = excluded.token_hash, \
        replaces_hash = COALESCE(excluded.replaces_hash, page_tokens.replaces_hash), created_ms = excluded.created_ms, \
        created_by = excluded.created_by";
    ALL_PAGE_TOKENS = "SELECT scope, token_hash, replaces_hash FROM page_tokens ORDER BY scope";

    BOARD_BY_ID = board_by!("");
    BOARD_BY_MANDANT = board_by!("o.mandant = $1 AND");
    BOARD_BY_METHOD = board_by!("o.method = $3 AND");
    BOARD_BY_STATUS = board_by!("o.payment_status = $4 AND");
    BOARD_BY_TRANSFER = board_by!("o.transfer_status = $5 AND");
    BOARD_BY_MARK = board_by!("o.shown_mark = $6 AND o.shown_mark <> 'none' AND");
    BOARD_BY_SEARCH = board_by!("o.id IN (SELECT n.id FROM orders n WHERE n.nr = $14 \
        UNION SELECT e.id FROM orders e WHERE e.nr_external >= $12 AND e.nr_external <= $13 \
        UNION SELECT p.id FROM orders p WHERE p.payment >= $12 AND p.payment <= $13) AND");
    FIRST_SEEN_SINCE = "SELECT id FROM orders WHERE first_seen_ms >= $1 ORDER BY first_seen_ms, id LIMIT 1";
    LAST_SEEN_BEFORE = "SELECT id FROM orders WHERE first_seen_ms < $1 ORDER BY first_seen_ms DESC, id DESC LIMIT 1";
    ALL_CELLS = "SELECT api, mandant, payment_code, method, payment_status, transfer_status, mark, currency, orders, \
        awaiting, capturable, unbooked FROM board WHERE orders > 0 \
        ORDER BY api, mandant, payment_code, method, payment_status, transfer_status, mark, currency";
    BOARD_ASTRAY = "SELECT what FROM ( \
        SELECT api || '/' || mandant || ' ' || payment_status AS what, currency, payment_code, method, transfer_status, \
        mark, orders, awaiting, capturable, unbooked FROM board UNION ALL \
        SELECT api || '/' || mandant || ' ' || payment_status, currency, payment_code, COALESCE(method, ''), \
        transfer_status, shown_mark, -1, -awaiting, -capturable, -unbooked FROM orders) counted \
        GROUP BY what, currency, payment_code, method, transfer_status, mark \
        HAVING SUM(orders) <> 0 OR SUM(awaiting) <> 0 OR SUM(capturable) <> 0 OR SUM(unbooked) <> 0 ORDER BY 1";
    REQUESTS_OF = "SELECT id, api, mandant, nr, actor, kind, args, reason, amounts_seen, created_ms, taken_ms, \
        answered_ms, answer FROM requests WHERE api = $1 AND mandant = $2 AND nr = $3 ORDER BY id DESC LIMIT $4";

    BEGAN = "SELECT MIN(at_ms) AS at_ms FROM (SELECT MIN(started_ms) AS at_ms FROM processes UNION ALL \
        SELECT MIN(first_seen_ms) FROM orders) began";
    LOAD_CURSOR = "SELECT value FROM cursors WHERE api = $1 AND name = $2";
    DROP_CURSORS = "DELETE FROM cursors WHERE name = $1";
    SET_CURSOR = "INSERT INTO cursors (api, name, value) VALUES ($1, $2, $3) \
        ON CONFLICT (api, name) DO UPDATE SET value = excluded.value";
}
