-- The key figures that every tenant starts with. Keys and times are fixed, so
-- that every database has the same rows.
INSERT INTO reporting.kpi_definitions (
    id, tenant_id, code, name, event_name, aggregation, unit, higher_is_better, created_at, updated_at
) VALUES
    ('1e829cd6-0ee4-4242-a703-389bf679481b', NULL, 'active-people', 'People who signed in', 'session.started', 'distinct_users', '', true, '2024-05-14 13:00:00+00', '2024-05-14 13:00:00+00'),
    ('7a5ac42f-39af-4caf-be7b-939560500650', NULL, 'builds', 'Builds that succeeded', 'build.succeeded', 'count', '', true, '2024-05-14 13:00:00+00', '2024-05-14 13:00:00+00'),
    ('4ec4daf4-afe5-441a-8332-f2be735a4775', NULL, 'build-time', 'Average time of a build', 'build.succeeded', 'average', 's', false, '2024-05-14 13:00:00+00', '2024-05-14 13:00:00+00'),
    ('36a3b4df-e62d-483e-9d4b-fa39cfe9bf4f', NULL, 'failed-builds', 'Builds that failed', 'build.failed', 'count', '', false, '2024-05-14 13:00:00+00', '2024-05-14 13:00:00+00'),
    ('de98050c-cc01-4a06-b95c-725b271218bc', NULL, 'deployments', 'Deployments', 'deployment.finished', 'count', '', true, '2024-05-14 13:00:00+00', '2024-05-14 13:00:00+00');
