-- Gives widgets their fixed refresh and their old width back.
ALTER TABLE reporting.widgets
    ALTER COLUMN width SET DEFAULT 4,
    DROP CONSTRAINT widgets_refresh_seconds_check,
    DROP COLUMN refresh_seconds;
