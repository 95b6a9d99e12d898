from __future__ import annotations
import json, asyncio, pytest
from .sockets import *
from . import sockets
MSGS = {
 "notjson": "hello", "empty": "", "blank":"  ", "array":"[]", "batch": '[{"jsonrpc":"2.0","id":"1","method":"x"}]', "str":'"x"', "num":"5","null":"null",
 "trunc": '{"jsonrpc": "2.0", "id": "1", "method": "signalwire.pi',
 "nover": '{"id":"1","method":"signalwire.ping","params":{}}',
 "ver1": '{"jsonrpc":"1.0","id":"1","method":"signalwire.ping","params":{}}',
 "vernum": '{"jsonrpc":2.0,"id":"1","method":"signalwire.ping","params":{}}',
 "noid": '{"jsonrpc":"2.0","method":"signalwire.ping","params":{}}',
 "nullid": '{"jsonrpc":"2.0","id":null,"method":"signalwire.ping","params":{}}',
 "objid": '{"jsonrpc":"2.0","id":{},"method":"signalwire.ping","params":{}}',
 "boolid": '{"jsonrpc":"2.0","id":true,"method":"signalwire.ping","params":{}}',
 "floatid": '{"jsonrpc":"2.0","id":1.5,"method":"signalwire.ping","params":{}}',
 "hugeint": '{"jsonrpc":"2.0","id":'+'9'*400+',"method":"signalwire.ping","params":{}}',
 "bigint": '{"jsonrpc":"2.0","id":'+str(2**64-1)+',"method":"signalwire.ping","params":{}}',
 "int": '{"jsonrpc":"2.0","id":7,"method":"signalwire.ping","params":{}}',
 "hugeid": '{"jsonrpc":"2.0","id":"'+'x'*100000+'","method":"signalwire.ping","params":{}}',
 "nomethod": '{"jsonrpc":"2.0","id":"1","params":{}}',
 "nummethod": '{"jsonrpc":"2.0","id":"1","method":5,"params":{}}',
 "unknown": '{"jsonrpc":"2.0","id":"1","method":"video.recording.strat","params":{}}',
 "event": '{"jsonrpc":"2.0","id":"1","method":"signalwire.event","params":{}}',
 "paramslist": '{"jsonrpc":"2.0","id":"1","method":"signalwire.ping","params":[]}',
 "noparams": '{"jsonrpc":"2.0","id":"1","method":"signalwire.ping"}',
 "badparams": '{"jsonrpc":"2.0","id":"1","method":"video.recording.start","params":{"room_session_id":5}}',
 "deep": '{"jsonrpc":"2.0","id":"1","method":"signalwire.ping","params":'+'{"a":'*1000+'1'+'}'*1000+'}',
 "vdeep": '['*100000,
 "vdeep2": '{"jsonrpc":"2.0","id":"1","params":'+'['*100000+']'*100000+'}',
 "both": '{"jsonrpc":"2.0","id":"1","method":"signalwire.ping","params":{},"result":{}}',
 "resnull": '{"jsonrpc":"2.0","id":"nope","result":null}',
 "ack": '{"jsonrpc":"2.0","id":"nope","result":{}}',
 "acknoid": '{"jsonrpc":"2.0","result":{}}',
 "acklist": '{"jsonrpc":"2.0","id":[],"result":{}}',
 "err": '{"jsonrpc":"2.0","id":"nope","error":{"code":1,"message":"x"}}',
 "err2": '{"jsonrpc":"2.0","id":"nope","error":"x"}',
 "secondconnect": '{"jsonrpc":"2.0","id":"1","method":"signalwire.connect","params":{"version":{"major":3,"minor":0,"revision":0},"authentication":{"project":"x","token":"y"}}}',
 "bom": '\ufeff{"jsonrpc":"2.0","id":"1","method":"signalwire.ping","params":{}}',
 "surrogate": '{"jsonrpc":"2.0","id":"\\ud800","method":"signalwire.ping","params":{}}',
 "nul": '{"jsonrpc":"2.0","id":"a\\u0000b","method":"signalwire.ping","params":{}}',
 "nan": '{"jsonrpc":"2.0","id":"1","method":"signalwire.ping","params":{"timestamp":NaN}}',
 "big": '{"jsonrpc":"2.0","id":"1","method":"signalwire.ping","params":{"timestamp":1e999}}',
 "dup": '{"jsonrpc":"2.0","id":"1","id":"2","method":"signalwire.ping","params":{}}',
 "badutf8": b'{"jsonrpc":"2.0","id":"1","method":"signalwire.ping","params":{"x":"\xff\xfe"}}',
}
async def test_probe(connect, target):
    for auth in (True, False):
        for name, text in MSGS.items():
            c = await connect(authenticated=auth)
            await c.socket.send_text(text)
            await c.socket.send_text('{"jsonrpc":"2.0","id":"sync","method":"signalwire.ping","params":{}}')
            out=[]
            while True:
                f = await c.socket.read()
                if f is None or f.opcode==8: out.append(("closed", f and f.close_code)); break
                j=json.loads(f.payload)
                if j.get("id")=="sync": break
                out.append(f.payload.decode()[:400])
            print(auth, name, out)
    async def closing(name, *fr):
        c = await connect()
        for f in fr: await c.socket.write(f)
        out=[]
        while True:
            f = await c.socket.read()
            if f is None or f.opcode==8: out.append(("closed", f and f.close_code, f and f.payload[2:])); break
            out.append(f)
            if f.opcode==TEXT: break
        print(name,out)
    P=b'{"jsonrpc":"2.0","id":"1","method":"signalwire.ping","params":{}}'
    F=sockets.frame
    await closing("binary",F(BINARY,P))
    await closing("emptybinary",F(BINARY,b''))
    await closing("frag",F(TEXT,P[:10],final=False),F(PING,b'hi'),F(CONTINUATION,P[10:20],final=False),F(CONTINUATION,P[20:]))
    await closing("fragempty",F(TEXT,b"",final=False),F(CONTINUATION,P))
    await closing("cont",F(CONTINUATION,P))
    await closing("textintext",F(TEXT,P[:10],final=False),F(TEXT,P))
    await closing("ping",F(PING,b'x'),F(PONG,b'zz'))if 0 else None
    await closing("bigping",F(PING,b'x'*126))
    await closing("fragping",F(PING,b'x',final=False))
    await closing("rsv",bytes([0x81|0x40])+F(TEXT,P)[1:])
    await closing("op3",F(3,P))
    await closing("opB",F(0xb,b''))
    await closing("close",F(CLOSE,b''))
    await closing("close1000",F(CLOSE,b'\x03\xe8bye'))
    await closing("close1005",F(CLOSE,b'\x03\xed'))
    await closing("close1byte",F(CLOSE,b'\x03'))
    await closing("closebadutf",F(CLOSE,b'\x03\xe8\xff'))
    await closing("badutf8",F(TEXT,b'"\xff"'))
    await closing("10mbheader",F(TEXT,b'x'*10_000_000)[:20])
    import contextlib
    for i in range(10):
        async def a(*f):
            c = await connect()
            async def w():
                with contextlib.suppress(ConnectionError):
                    for x in f: await c.socket.write(x)
            t=asyncio.create_task(w())
            print(await c.socket.close_code(), end=' ')
            await t
        await a(F(TEXT,b'x'*10_000_000))
        await a(F(TEXT,b'x'*500_000,final=False),*[F(0,b'x'*500_000,final=False)]*20)
