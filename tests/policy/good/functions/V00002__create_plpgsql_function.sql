CREATE OR REPLACE FUNCTION add_days(start date, days integer DEFAULT 1) RETURNS date
LANGUAGE plpgsql STABLE
AS $function$
BEGIN
    IF days < 0 THEN
        RAISE EXCEPTION 'days must not be negative: %', days USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN start + days;
END
$function$;
