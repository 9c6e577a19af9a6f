-- Deletes the first messages and no others.
DELETE FROM notification.message_templates
WHERE id IN (
    '341b508a-1ec9-453d-883d-0695a5808ac3',
    '5551694b-5e7b-40ed-804c-45983cc2c360',
    'c09791c7-950a-4b8f-819e-3e131b152a2e',
    '22158ea1-2614-457f-b4e4-585ba32af6f4',
    '7c5c761c-8286-4a99-83f0-6e66abbd62ba',
    '0ab67f42-3608-4ad6-bb6b-44151b0a61d6'
);
