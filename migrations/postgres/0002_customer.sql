-- The customer an order belongs to: for locks and re-deliveries that concern several of a customer's orders.
ALTER TABLE orders ADD COLUMN customer BIGINT;

CREATE INDEX orders_customer ON orders (api, customer) WHERE customer IS NOT NULL;
