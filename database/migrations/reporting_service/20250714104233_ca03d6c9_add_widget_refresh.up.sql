-- migrator: allow M0217 because a tenant has a handful of widgets, so that the table is small
-- Wall screens need a shorter refresh interval than readers. Most people make
-- new widgets wider.
ALTER TABLE reporting.widgets
    ADD COLUMN refresh_seconds int NOT NULL DEFAULT 900,
    ADD CONSTRAINT widgets_refresh_seconds_check CHECK (refresh_seconds BETWEEN 10 AND 86400),
    ALTER COLUMN width SET DEFAULT 6;

COMMENT ON COLUMN reporting.widgets.refresh_seconds IS 'How often an open dashboard asks again';
