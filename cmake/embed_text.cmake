# Turns a text into a C string: cmake -DOUT=data.c -DFILE=data.json -DSYMBOL=name -P embed_text.cmake
file(READ ${FILE} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){16})" "\\1\n    " bytes "${bytes}")
get_filename_component(name ${FILE} NAME)
file(WRITE ${OUT} "/* Generated from ${name}. */\nextern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {\n    ${bytes}0};\n")
