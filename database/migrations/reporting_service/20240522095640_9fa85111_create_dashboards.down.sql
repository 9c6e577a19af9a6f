-- Removes the dashboards with their widgets.
DROP TABLE reporting.widgets;

DROP TABLE reporting.dashboards;

DROP TYPE reporting.widget_kind;
