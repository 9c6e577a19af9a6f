-- An amount of money always has a currency. All objects with a life cycle have
-- the same states.
CREATE TYPE core.money_amount AS (
    amount numeric(19, 4),
    currency core.currency_code
);

COMMENT ON TYPE core.money_amount IS 'An amount and its currency; use the domain core.money in tables';

CREATE DOMAIN core.money AS core.money_amount
    CONSTRAINT money_complete CHECK (
        VALUE IS NULL OR ((VALUE).amount IS NOT NULL AND (VALUE).currency IS NOT NULL)
    );

COMMENT ON DOMAIN core.money IS 'Money with both its amount and its currency, or nothing at all';

CREATE TYPE core.lifecycle_status AS ENUM ('draft', 'active', 'suspended', 'archived');

COMMENT ON TYPE core.lifecycle_status IS 'draft, then active and suspended in turn, archived for good';
