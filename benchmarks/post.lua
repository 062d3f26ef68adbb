-- What wrk sends to `suite serve`: the file that INPUT names, again and again.
--
--     INPUT=photo.jpg wrk -t1 -c16 -d30 -s benchmarks/post.lua http://127.0.0.1:8000/v1/models/cats/predict

local file = assert(io.open(assert(os.getenv("INPUT"), "INPUT names the file to send"), "rb"))
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/octet-stream"
wrk.body = file:read("*a")
file:close()
