-- Deletes the first generators and no others.
DELETE FROM platform.generators
WHERE code IN ('web-application', 'http-service', 'worker', 'static-site');
