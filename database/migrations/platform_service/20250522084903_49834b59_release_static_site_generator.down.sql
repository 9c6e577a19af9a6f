-- Makes the static site generator a trial again.
SET LOCAL app.keep_updated_at = 'on';

UPDATE platform.generators
SET status = 'draft',
    image = 'generators/static-site:0.9'
WHERE code = 'static-site'
    AND status = 'active'
    AND image = 'generators/static-site:1.0';

SET LOCAL app.keep_updated_at = 'off';
