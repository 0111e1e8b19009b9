-- Rows of a store as schema 1 left it: every table filled, steps in every state. The next migrations run over them.

INSERT INTO processes (id, fence, label, started_ms, heartbeat_ms, ended_ms) VALUES
    (1, 1, 'host 4711', 1772539200000, 1772539205000, 1772539206000),
    (2, 2, 'host 4712', 1772539207000, 1772539260000, NULL);

INSERT INTO leases (api, owner, fence, until_ms) VALUES
    ('live', 2, 2, 1772539280000);

INSERT INTO orders (id, api, mandant, nr, nr_external, payment_code, currency, mode, first_seen_ms, management, management_by, management_reason, payment, method, payment_group, payment_status, transfer_status, reason, mark, mark_number, mark_notice, mark_fingerprint, mark_since_ms, resolved_fingerprint, resolved_by, resolved_ms, resolved_reason, waits, next_check_ms, o0, total, authorized, captured, refunded, invoiced, credited, facts_digest, digest_since_ms, settings_digest, changed_ms) VALUES
    (1, 'live', 'SHP', 4711, 'W4711', 'U', 'EUR', 'standard', 1772539200000, 'managed', NULL, NULL, 's-pay-1', 'crd', 'AUTH', 'PAID_PARTIAL', 'TRANSFERRED', 'C1: captured.', 'none', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'check', 1772539320000, 10000, 10000, 10000, 6000, 0, 6000, 0, '0f', 1772539200000, '1e', 1772539250000),
    (2, 'live', 'SHP', 4712, 'W4712', 'U', 'EUR', 'standard', 1772539200000, 'managed', NULL, NULL, 's-pay-2', 'crd', 'AUTH', 'UNPAID', 'INITIAL', 'C1: captured.', 'problem', 1303, '{"number":"PP-1303","severity":"problem","values":{"code":"COR.800.100.171"}}', 'PP-1303|code=COR.800.100.171', 1772539230000, 'PP-1211|code=ERROR', 'anna', 1772539220000, 'seen', 'check', 1772539380000, 10000, 10000, 10000, 0, 0, 0, 0, '0f', 1772539200000, '1e', 1772539250000),
    (3, 'live', 'SHP', 4713, 'W4713', 'U', 'EUR', 'standard', 1772539200000, 'legacy', NULL, NULL, NULL, NULL, NULL, 'LEGACY', 'INITIAL', 'C1: captured.', 'none', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'end', NULL, 10000, 10000, 0, 0, 0, 0, 0, '0f', 1772539200000, '1e', 1772539250000),
    (4, 'live', 'SHP', 4714, 'W4714', 'U', 'EUR', 'standard', 1772539200000, 'ignored', 'anna', 'mine', NULL, NULL, NULL, 'UNPAID', 'INITIAL', 'C1: captured.', 'hint', 1212, '{"number":"PP-1212","severity":"hint","values":{}}', 'PP-1212|', 1772539200000, NULL, NULL, NULL, NULL, 'person', NULL, 10000, 10000, 0, 0, 0, 0, 0, '0f', 1772539200000, '1e', 1772539250000);

INSERT INTO facts (order_id, facts) VALUES
    (1, '{}'),
    (2, '{}');

INSERT INTO payment_claims (payment, order_id, claimed_ms) VALUES
    ('s-pay-1', 1, 1772539200000),
    ('s-pay-2', 2, 1772539200000);

INSERT INTO steps (id, order_id, api, mandant, nr, step_key, attempt, kind, rule, effect, guards, moves_money, payment, document, charge, event, customer, amount_minor, currency, snapshot, token, owner, fence, intended_ms, deadline_ms, state, outcome, transaction_path, settled_ms, looks, first_look_ms, next_look_ms, decided_by, decided_reason) VALUES
    (1, 1, 'live', 'SHP', 4711, 'capture:RE1', 1, 'capture', 'C1', '{"kind":"capture","payment":"s-pay-1","amount":{"minor":6000,"currency":"EUR"},"invoice":"RE1","shipping":null}', '{"capturable":10000,"captured":10000,"refunded":0,"must_stay":0}', 1, 's-pay-1', 'RE1', '', NULL, NULL, 6000, 'EUR', '["authorize/s-aut-1"]', 't1aaaa', 1, 1, 1772539201000, 1772539341000, 'done', '{"outcome":"done","transaction":"charges/s-chg-1"}', 'charges/s-chg-1', 1772539201500, 0, NULL, NULL, NULL, NULL),
    (2, 1, 'live', 'SHP', 4711, 'book:RE1', 1, 'book_invoice', 'C1', '{"kind":"book_invoice","invoice":"RE1","amount":{"minor":6000,"currency":"EUR"},"pay_id":"31HA07","event":"ZE"}', '{"capturable":10000,"captured":10000,"refunded":0,"must_stay":0}', 0, NULL, 'RE1', '', 'ZE', NULL, 6000, 'EUR', '["authorize/s-aut-1"]', 't2aaaa', 1, 1, 1772539202000, 1772539342000, 'done', '{"outcome":"done"}', NULL, 1772539202500, 0, NULL, NULL, NULL, NULL),
    (3, 1, 'live', 'SHP', 4711, 'refund:GS1:10.00:s-chg-1', 1, 'refund', 'C1', '{"kind":"refund","payment":"s-pay-1","amount":{"minor":1000,"currency":"EUR"},"at":{"at":"charge","charge":"s-chg-1"},"credit_note":"GS1","reason":null}', '{"capturable":10000,"captured":10000,"refunded":0,"must_stay":0}', 1, 's-pay-1', 'GS1', 's-chg-1', NULL, NULL, 1000, 'EUR', '["authorize/s-aut-1"]', 't3aaaa', 1, 1, 1772539203000, 1772539343000, 'not_sent', '{"outcome":"not_sent","cause":"no connection"}', NULL, 1772539203500, 0, NULL, NULL, NULL, NULL),
    (4, 1, 'live', 'SHP', 4711, 'refund:GS1:10.00:s-chg-1', 2, 'refund', 'C1', '{"kind":"refund","payment":"s-pay-1","amount":{"minor":1000,"currency":"EUR"},"at":{"at":"charge","charge":"s-chg-1"},"credit_note":"GS1","reason":null}', '{"capturable":10000,"captured":10000,"refunded":0,"must_stay":0}', 1, 's-pay-1', 'GS1', 's-chg-1', NULL, NULL, 1000, 'EUR', '["authorize/s-aut-1"]', 't4aaaa', 1, 1, 1772539204000, 1772539344000, 'unknown', '{"outcome":"unknown","cause":"time-out"}', NULL, 1772539204500, 1, 1772539210000, 1772539510000, NULL, NULL),
    (5, 2, 'live', 'SHP', 4712, 'capture:RE2', 1, 'capture', 'C1', '{"kind":"capture","payment":"s-pay-2","amount":{"minor":10000,"currency":"EUR"},"invoice":"RE2","shipping":null}', '{"capturable":10000,"captured":10000,"refunded":0,"must_stay":0}', 1, 's-pay-2', 'RE2', '', NULL, NULL, 10000, 'EUR', '["authorize/s-aut-1"]', 't5aaaa', 1, 1, 1772539205000, 1772539345000, 'refused', '{"outcome":"refused","kind":"hard","code":"COR.800.100.171","message":""}', NULL, 1772539205500, 0, NULL, NULL, NULL, NULL),
    (6, 2, 'live', 'SHP', 4712, 'lock#1', 1, 'lock', 'C1', '{"kind":"lock","reason":"PP-1303","cause":"PP-1303"}', '{"capturable":10000,"captured":10000,"refunded":0,"must_stay":0}', 0, NULL, NULL, '', NULL, NULL, NULL, NULL, '["authorize/s-aut-1"]', 't6aaaa', 1, 1, 1772539206000, 1772539346000, 'intended', NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL),
    (7, 2, 'live', 'SHP', 4712, 'reverse:order:40.00', 1, 'reverse', 'C1', '{"kind":"reverse","payment":"s-pay-2","amount":{"minor":4000,"currency":"EUR"},"at":{"at":"authorization"},"reason":null}', '{"capturable":10000,"captured":10000,"refunded":0,"must_stay":0}', 1, 's-pay-2', NULL, '', NULL, NULL, 4000, 'EUR', '["authorize/s-aut-1"]', 't7aaaa', 1, 1, 1772539207000, 1772539347000, 'pending', '{"outcome":"pending","transaction":"authorize/cancels/s-cnl-1"}', 'authorize/cancels/s-cnl-1', 1772539207500, 0, NULL, NULL, NULL, NULL),
    (8, 1, 'live', 'SHP', 4711, 'book:GS1', 1, 'book_return', 'C1', '{"kind":"book_return","credit_note":"GS1","customer":77,"event":"ZG","amount":{"minor":1000,"currency":"EUR"}}', '{"capturable":10000,"captured":10000,"refunded":0,"must_stay":0}', 0, NULL, 'GS1', '', 'ZG', 77, 1000, 'EUR', '[]', 't8aaaa', 1, 1, 1772539208000, 1772539348000, 'not_sent', '{"outcome":"not_sent","cause":"decided by anna"}', NULL, 1772539208500, 2, 1772539210000, NULL, 'anna', 'looked');

INSERT INTO requests (id, api, mandant, nr, actor, kind, args, reason, amounts_seen, created_ms, taken_by, taken_ms, answered_ms, answer) VALUES
    (1, 'live', 'SHP', 4712, 'anna', 'retry', '{}', 'once more', '{}', 1772539200000, 1, 1772539201000, 1772539202000, '{"ok":true}'),
    (2, NULL, NULL, NULL, 'cron', 'cycle', '{}', '', '{}', 1772539209000, NULL, NULL, NULL, NULL);

INSERT INTO outbox (id, api, mandant, kind, fingerprint, day, message_id, params, state, tries, last_error, created_ms, next_try_ms, settled_ms) VALUES
    (1, 'live', 'SHP', 'problem', 'live/SHP/4712|PP-1303|code=COR.800.100.171', '2026-03-03', '<1@pixi-payd>', '{"number":"PP-1303","order_nr":4712,"order_nr_external":"W4712","values":{"code":"COR.800.100.171"}}', 'queued', 1, 'no connection', 1772539200000, 1772539260000, NULL),
    (2, 'live', 'SHP', 'problem', 'live/SHP/4711|PP-1211|code=ERROR', '2026-03-02', '<2@pixi-payd>', '{}', 'sent', 1, NULL, 1772452800000, 1772452800000, 1772452900000),
    (3, 'live', 'SHP', 'problem', 'live/SHP/4713|PP-1211|code=ERROR', '2026-03-01', '<3@pixi-payd>', '{}', 'failed', 9, '550', 1772366400000, 1772366400000, 1772452800000);

INSERT INTO hints (payment, event, received_ms, times) VALUES
    ('s-pay-2', 'charge.failed', 1772539200000, 2);

INSERT INTO cursors (api, name, value) VALUES
    ('live', 'changed_orders', '1772539200000'),
    ('live', 'first_booking:ZE', '"seen"');

INSERT INTO totals (day, api, mandant, currency, captured, captures, refunded, refunds, problems) VALUES
    ('2026-03-03', 'live', 'SHP', 'EUR', 6000, 1, 0, 0, 1);

INSERT INTO audit (chain, seq, at_ms, entry, previous, hash) VALUES
    ('mandant:live/SHP', 1, 1772539201500, '{"what":"step","order":"live/SHP/4711","step":"capture:RE1","attempt":1,"token":"t1aaaa","effect":{"kind":"capture","payment":"s-pay-1","amount":{"minor":6000,"currency":"EUR"},"invoice":"RE1","shipping":null},"result":{"outcome":"done","transaction":"charges/s-chg-1"}}', '', '74a8a36b0f345009b2d5c09c04a5044e29fc6468bec16369ddd376ecf0cbffb8'),
    ('mandant:live/SHP', 2, 1772539202500, '{"what":"step","order":"live/SHP/4711","step":"book:RE1","attempt":1,"token":"t2aaaa","effect":{"kind":"book_invoice","invoice":"RE1","amount":{"minor":6000,"currency":"EUR"},"pay_id":"31HA07","event":"ZE"},"result":{"outcome":"done"}}', '74a8a36b0f345009b2d5c09c04a5044e29fc6468bec16369ddd376ecf0cbffb8', '5b63bf985fa1f11f10e072f878cfabe661202d3746fdb79dc5d86c7dae1de378'),
    ('mandant:live/SHP', 3, 1772539203500, '{"what":"step","order":"live/SHP/4711","step":"refund:GS1:10.00:s-chg-1","attempt":1,"token":"t3aaaa","effect":{"kind":"refund","payment":"s-pay-1","amount":{"minor":1000,"currency":"EUR"},"at":{"at":"charge","charge":"s-chg-1"},"credit_note":"GS1","reason":null},"result":{"outcome":"not_sent","cause":"no connection"}}', '5b63bf985fa1f11f10e072f878cfabe661202d3746fdb79dc5d86c7dae1de378', 'ef331f802ab2221437355f9c047d918f41e28a7ca0a9e00868607eef275e7f92'),
    ('mandant:live/SHP', 4, 1772539204500, '{"what":"step","order":"live/SHP/4711","step":"refund:GS1:10.00:s-chg-1","attempt":2,"token":"t4aaaa","effect":{"kind":"refund","payment":"s-pay-1","amount":{"minor":1000,"currency":"EUR"},"at":{"at":"charge","charge":"s-chg-1"},"credit_note":"GS1","reason":null},"result":{"outcome":"unknown","cause":"time-out"}}', 'ef331f802ab2221437355f9c047d918f41e28a7ca0a9e00868607eef275e7f92', '827693d495acb8fef3758170cff68ea19d6fd9c16a8efee2005ebc78a0d4e09f'),
    ('mandant:live/SHP', 5, 1772539205500, '{"what":"step","order":"live/SHP/4712","step":"capture:RE2","attempt":1,"token":"t5aaaa","effect":{"kind":"capture","payment":"s-pay-2","amount":{"minor":10000,"currency":"EUR"},"invoice":"RE2","shipping":null},"result":{"outcome":"refused","kind":"hard","code":"COR.800.100.171","message":""}}', '827693d495acb8fef3758170cff68ea19d6fd9c16a8efee2005ebc78a0d4e09f', '681ffaa19eeeda1ff257b96f6425c7fd8ef4aecd74954caa63dc6cda1e913e88'),
    ('mandant:live/SHP', 6, 1772539207500, '{"what":"step","order":"live/SHP/4712","step":"reverse:order:40.00","attempt":1,"token":"t7aaaa","effect":{"kind":"reverse","payment":"s-pay-2","amount":{"minor":4000,"currency":"EUR"},"at":{"at":"authorization"},"reason":null},"result":{"outcome":"pending","transaction":"authorize/cancels/s-cnl-1"}}', '681ffaa19eeeda1ff257b96f6425c7fd8ef4aecd74954caa63dc6cda1e913e88', '70b46a20a701cb824d316fad3bf8ef675d6737eb1cfbf1097171dabe4f7b42c2'),
    ('configuration', 1, 1772539200000, '{"what":"started"}', '', '42ee2bd6a23893e14a642dfa55eb7184056a2028a66c2633bc1f8e5a0fb74266');
