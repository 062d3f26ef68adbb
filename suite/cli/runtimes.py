"""How the commands that run a network say which runtimes there are."""

RUNTIME_HELP = (
    "what runs an exported network: onnxruntime, openvino, litert or tensorflow (default: the one for its"
    " file); an ONNX file can be run by openvino too"
)
