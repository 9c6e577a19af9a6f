-- The static site generator is no longer a trial; templates may use it.
SET LOCAL app.keep_updated_at = 'on';

UPDATE platform.generators
SET status = 'active',
    image = 'generators/static-site:1.0'
WHERE code = 'static-site'
    AND status = 'draft'
    AND image = 'generators/static-site:0.9';

SET LOCAL app.keep_updated_at = 'off';
