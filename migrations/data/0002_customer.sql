-- What schema 2 adds: the customer of an order.

UPDATE orders SET customer = 77 WHERE id IN (1, 2);
