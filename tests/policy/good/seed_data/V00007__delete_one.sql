DELETE FROM currencies WHERE code = 'NOK';
