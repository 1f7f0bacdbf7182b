;;; -- nothing

SELECT 1;;SELECT 2;
/* c */ ; /* d */ SELECT 3 -- no semicolon; at the end
/* the comment that
   is the last; word */
