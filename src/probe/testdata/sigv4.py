"""The known signature of `credentials/signing.rs`, from the text of AWS's description of SigV4 and nothing else: python3 sigv4.py"""

import hashlib
import hmac

key, date, time, region, service = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "20150830T123600Z", "us-east-1", "execute-api"
names = "content-type;host;x-amz-date;x-api-key"
canonical = "\n".join([
    "POST",
    "/prod/or%2520ders/7",  # every service but S3 has the path encoded once more
    "a=x%20y&b=2",
    "content-type:application/json",
    "host:a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
    f"x-amz-date:{time}",
    "x-api-key:k-1",
    "",
    names,
    hashlib.sha256(b'{"a": 1}').hexdigest(),
])
scope = f"{date}/{region}/{service}/aws4_request"
text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(canonical.encode()).hexdigest()])
secret = b"AWS4" + key
for part in (date, region, service, "aws4_request"):
    secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
print(hmac.new(secret, text.encode(), hashlib.sha256).hexdigest())
