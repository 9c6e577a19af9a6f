-- Restores the fixed refresh and the old width of widgets.
ALTER TABLE reporting.widgets
    ALTER COLUMN width SET DEFAULT 4,
    DROP CONSTRAINT widgets_refresh_seconds_check,
    DROP COLUMN refresh_seconds;
