"""`python -m course_utils`."""

import sys

from course_utils import bootstrap, machine

problem = bootstrap.complaint(sys.version_info, None)
if problem:
    sys.exit(problem)
machine.start_clean("course_utils", sys.argv[1:])

from course_utils.cli import main  # noqa: E402  (an old Python could not read it)

raise SystemExit(main())
