-- Removes the channels from the projects.
DROP INDEX platform.projects_tenant_id_alert_channel_id_idx;

ALTER TABLE platform.projects
    DROP CONSTRAINT projects_tenant_id_alert_channel_id_fkey,
    DROP COLUMN alert_channel_id;
