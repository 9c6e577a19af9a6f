-- Deletes the platform's first key figures and no others.
DELETE FROM reporting.kpi_definitions
WHERE id IN (
    '1e829cd6-0ee4-4242-a703-389bf679481b',
    '7a5ac42f-39af-4caf-be7b-939560500650',
    '4ec4daf4-afe5-441a-8332-f2be735a4775',
    '36a3b4df-e62d-483e-9d4b-fa39cfe9bf4f',
    'de98050c-cc01-4a06-b95c-725b271218bc'
);
