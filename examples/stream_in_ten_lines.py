"""A video made by the core alone: no program around it, no network, no files but the video that is written.

    python start.py python examples/stream_in_ten_lines.py [VIDEO.mp4 CHUNKS]

Where vace_core is installed, `python stream_in_ten_lines.py` does.
"""

import sys

import cv2

from vace_core import Controls, Stream, load

path, chunks = sys.argv[1:] or ("stream.mp4", "8")
stream = Stream(load("pocket"), height=128, width=192)
video = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), 24, (192, 128))
for _ in range(int(chunks)):
    if chunk := stream.step(Controls(prompt="gold on sand at sunset")):  # frames [1, 3, F, H, W] in [-1, 1]
        for picture in chunk.frames[0].permute(1, 2, 3, 0).add(1).mul(127.5).byte().numpy():
            video.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
video.release()
