-- READ: how it stands. Changes nothing but what is too old to count.
return view()
