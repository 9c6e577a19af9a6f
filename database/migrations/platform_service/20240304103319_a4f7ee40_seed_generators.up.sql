-- The generators at launch. Times are fixed, so that every database has the
-- same rows.
INSERT INTO platform.generators (code, name, image, status, created_at, updated_at) VALUES
    ('web-application', 'Web application', 'generators/web-application:1.0', 'active', '2024-03-04 10:00:00+00', '2024-03-04 10:00:00+00'),
    ('http-service', 'HTTP service', 'generators/http-service:1.0', 'active', '2024-03-04 10:00:00+00', '2024-03-04 10:00:00+00'),
    ('worker', 'Background worker', 'generators/worker:1.0', 'active', '2024-03-04 10:00:00+00', '2024-03-04 10:00:00+00'),
    ('static-site', 'Static site', 'generators/static-site:0.9', 'draft', '2024-03-04 10:00:00+00', '2024-03-04 10:00:00+00');
