def pipehook_start():
    import os
    import sys

    path = os.environ.pop("PIPEHOOK_PROGRAM")
    count = int(os.environ.pop("PIPEHOOK_ARGUMENTS"))
    sys.argv[:] = [path] + [os.environ.pop("PIPEHOOK_ARGUMENT_%d" % (at + 1)) for at in range(count)]
    if not (getattr(sys.flags, "safe_path", False) or getattr(sys.flags, "isolated", False)):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    own = pipehook_start.__code__.co_filename
    usual = sys.excepthook

    def report(kind, error, trace):
        # What is told of a mistake begins in the script.
        while trace is not None and (trace.tb_frame.f_code.co_filename == own or "runpy" in trace.tb_frame.f_code.co_filename):
            trace = trace.tb_next
        if hasattr(error, "__traceback__"):
            error.__traceback__ = trace
        usual(kind, error, trace)

    sys.excepthook = report
    with open(path, "rb") as file:
        text = file.read()
    if b"\0" in text:
        # An archive, or compiled already.
        import runpy

        runpy.run_path(path, run_name="__main__")
        return
    main = sys.modules["__main__"].__dict__
    del main["pipehook_start"]
    main["__file__"] = path
    if "__spec__" in main:
        from importlib.machinery import SourceFileLoader

        main["__loader__"] = SourceFileLoader("__main__", path)
    exec(compile(text, path, "exec", 0, True), main)


pipehook_start()
